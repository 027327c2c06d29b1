"""Multiscale Vision Transformer V2.

Paper: MViTv2: Improved Multiscale Vision Transformers for Classification and
Detection, CVPR 2022, https://arxiv.org/abs/2112.01526
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from mmengine.model import ModuleList
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    PatchEmbed,
    build_norm_layer,
    check_arguments,
    fit_pos_embed,
    resize_pos_embed,
)
from .archs import pick_arch, zoo
from .base_backbone import BaseBackbone, check_out_indices
from .mvit_blocks import MultiScaleBlock

__all__ = ['MViT']

LAYER_NORM = dict(type='LN', eps=1e-6)
PLAIN_LN = dict(type='LN')
GELU = dict(type='GELU')
PATCH = dict(kernel_size=7, stride=4, padding=3)


@MODELS.register_module()
class MViT(BaseBackbone):
    """A pyramid of transformers whose attention pools tokens.

    Args:
        arch: ``'tiny'``, ``'small'``, ``'base'``, ``'large'``, or a dict with the
            keys ``embed_dims``, ``num_layers``, ``num_heads`` and
            ``downscale_indices``.
        img_size: Size of the square image in pixels, for which positions are made;
            images of other sizes are accepted.
        in_channels: Channels of the image.
        out_scales: Which scales are returned; negative ones are counted from the end.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            linearly from 0 in the first.
        use_abs_pos_embed: Whether there is a position embedding.
        interpolate_mode: How the position embedding is interpolated.
        pool_kernel: Rows and columns of the kernel of the pooling, in tokens.
        dim_mul: Factor on the width from scale to scale.
        head_mul: Factor on the number of heads.
        adaptive_kv_stride: Stride of the pooling of keys and values on the first scale;
            it is halved from scale to scale.
        rel_pos_spatial: Whether there are relative positions.
        residual_pooling: Whether pooled queries are added to the outputs.
        dim_mul_in_attention: Whether the attention changes the width; otherwise the
            feed-forward network before it does.
        rel_pos_zero_init: Whether relative positions start at 0.
        mlp_ratio: Hidden width of the feed-forward networks over that of the
            attentions.
        qkv_bias: Whether queries, keys and values have a bias.
        norm_cfg: Config of the norms.
        patch_cfg: Further arguments of ``PatchEmbed``.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one map per scale, ``(B, D * 2**i, H / 4 / 2**i, W / 4 / 2**i)``.

    Raises:
        ValueError: if arch or out_scales is out of range.

    Example:
        >>> model = MODELS.build(dict(type='MViT', arch='tiny', out_scales=[0, 3]))
        >>> [feat.shape for feat in model(torch.zeros(1, 3, 224, 224))]
        [torch.Size([1, 96, 56, 56]), torch.Size([1, 768, 7, 7])]
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        'embed_dims num_layers num_heads downscale_indices',
        tiny=('tiny', (96, 10, 1, [1, 3, 8])),
        small=('small', (96, 16, 1, [1, 3, 14])),
        base=('base', (96, 24, 1, [2, 5, 21])),
        large=('large', (144, 48, 2, [2, 8, 44])),
    )
    num_extra_tokens = 0

    def __init__(
        self,
        arch: str | dict = 'base',
        img_size: int | Sequence[int] = 224,
        in_channels: int = 3,
        out_scales: int | Sequence[int] = -1,
        drop_path_rate: float = 0.0,
        use_abs_pos_embed: bool = False,
        interpolate_mode: str = 'bicubic',
        pool_kernel: Sequence[int] = (3, 3),
        dim_mul: int = 2,
        head_mul: int = 2,
        adaptive_kv_stride: int = 4,
        rel_pos_spatial: bool = True,
        residual_pooling: bool = True,
        dim_mul_in_attention: bool = True,
        rel_pos_zero_init: bool = False,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        norm_cfg: dict = LAYER_NORM,
        patch_cfg: dict | None = PATCH,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.arch_settings = pick_arch(arch, self.arch_zoo)
        self.embed_dims = self.arch_settings['embed_dims']
        self.num_layers = self.arch_settings['num_layers']
        self.downscale_indices = self.arch_settings['downscale_indices']
        self.num_scales = len(self.downscale_indices) + 1
        # The last block of every scale.
        ends = [*(i - 1 for i in self.downscale_indices), self.num_layers - 1]
        self.stage_indices = {end: scale for scale, end in enumerate(ends)}
        self.out_scales = check_out_indices(out_scales, self.num_scales)
        self.interpolate_mode = interpolate_mode
        embed = dict(
            in_channels=in_channels, input_size=img_size, embed_dims=self.embed_dims
        )
        check_arguments(PatchEmbed, patch_cfg or {}, 'patch_cfg', [*embed])
        self.patch_embed = PatchEmbed(**{**embed, **(patch_cfg or {})})
        self.patch_resolution = self.patch_embed.init_out_size
        self.use_abs_pos_embed = use_abs_pos_embed
        if use_abs_pos_embed:
            length = self.patch_resolution[0] * self.patch_resolution[1]
            self.pos_embed = nn.Parameter(torch.zeros(1, length, self.embed_dims))
        common = dict(
            mlp_ratio=mlp_ratio,
            qkv_bias=qkv_bias,
            norm_cfg=norm_cfg,
            pool_kernel=pool_kernel,
            rel_pos_spatial=rel_pos_spatial,
            residual_pooling=residual_pooling,
            dim_mul_in_attention=dim_mul_in_attention,
            rel_pos_zero_init=rel_pos_zero_init,
        )
        rates = np.linspace(0, drop_path_rate, self.num_layers).tolist()
        growth = (dim_mul, head_mul, adaptive_kv_stride)
        self._make_blocks(common, rates, *growth)

    def _make_blocks(
        self,
        common: dict[str, Any],
        rates: list[float],
        dim_mul: int,
        head_mul: int,
        stride_kv: int,
    ) -> None:
        self.blocks = ModuleList()
        self.widths: dict[int, int] = {}
        size, dims = self.patch_resolution, self.embed_dims
        num_heads = self.arch_settings['num_heads']
        ahead = 0 if common['dim_mul_in_attention'] else 1
        for i, rate in enumerate(rates):
            stride_q = 1
            if i in self.downscale_indices:
                stride_q, stride_kv = 2, max(stride_kv // 2, 1)
                num_heads *= head_mul
            grows = i + ahead in self.downscale_indices
            out_dims = dims * dim_mul if grows else dims
            block = MultiScaleBlock(
                dims,
                out_dims,
                num_heads,
                drop_path=rate,
                stride_q=stride_q,
                stride_kv=stride_kv,
                input_size=size,
                **common,
            )
            self.blocks.append(block)
            size, dims = block.init_out_size, out_dims
            scale = self.stage_indices.get(i)
            if scale in self.out_scales:
                self.widths[scale] = dims
                norm = build_norm_layer(common['norm_cfg'], dims)[1]
                self.add_module(f'norm{scale}', norm)

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every output."""
        patch = self.patch_embed.projection.stride[0]
        return tuple(FeatureSpec(self.widths[i], patch * 2**i) for i in self.out_scales)

    def init_weights(self) -> None:
        """As init_cfg says; a truncated normal for the position embedding."""
        super().init_weights()
        if self.use_abs_pos_embed and not self.is_pretrained:
            trunc_normal_(self.pos_embed, std=0.02)

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any
    ) -> None:
        if self.use_abs_pos_embed:
            fit_pos_embed(
                state_dict,
                f'{prefix}pos_embed',
                self.pos_embed,
                self.patch_resolution,
                self.interpolate_mode,
                self.num_extra_tokens,
            )
        super()._load_from_state_dict(state_dict, prefix, *args)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the scales that out_scales names."""
        x, size = self.patch_embed(x)
        if self.use_abs_pos_embed:
            x = x + resize_pos_embed(
                self.pos_embed,
                self.patch_resolution,
                size,
                self.interpolate_mode,
                self.num_extra_tokens,
            )
        outs = []
        for i, block in enumerate(self.blocks):
            x, size = block(x, size)
            scale = self.stage_indices.get(i)
            if scale in self.out_scales:
                x = getattr(self, f'norm{scale}')(x)
                outs.append(x.transpose(1, 2).unflatten(2, size).contiguous())
        return tuple(outs)
