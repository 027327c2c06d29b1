"""Multiscale Vision Transformer V2.

Paper: MViTv2: Improved Multiscale Vision Transformers for Classification and
Detection, CVPR 2022, https://arxiv.org/abs/2112.01526
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, ModuleList
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    DropPath,
    Mlp,
    PatchEmbed,
    build_norm_layer,
    check_arguments,
    decomposed_position_bias,
    fit_pos_embed,
    resize_pos_embed,
    split_heads,
)
from .archs import pick_arch, zoo
from .base_backbone import BaseBackbone, check_out_indices

__all__ = ['MViT']

LAYER_NORM = dict(type='LN', eps=1e-6)
PLAIN_LN = dict(type='LN')
GELU = dict(type='GELU')
PATCH = dict(kernel_size=7, stride=4, padding=3)


def attention_pool(
    x: Tensor, pool: nn.Module, size: Sequence[int]
) -> tuple[Tensor, tuple[int, int]]:
    """Pool tokens ``(B, heads, L, D)`` of a map of ``size``, head by head."""
    batch, heads, _, dims = x.shape
    image = x.transpose(2, 3).reshape(batch * heads, dims, *size)
    image = pool(image)
    tokens = image.view(batch, heads, dims, -1).transpose(2, 3)
    return tokens, (image.shape[2], image.shape[3])


class MultiScaleAttention(BaseModule):
    """Self-attention whose queries, keys and values are pooled.

    Args:
        in_dims: Width of the input tokens.
        out_dims: Width ``D`` of the output tokens.
        num_heads: Attention heads.
        qkv_bias: Whether queries, keys and values have a bias.
        norm_cfg: Config of the norms after the pooling.
        pool_kernel: Size of the pooling.
        stride_q: Stride of the pooling of queries.
        stride_kv: Stride of the pooling of keys and values.
        rel_pos_spatial: Whether there are relative positions.
        residual_pooling: Whether the pooled queries are added to the output.
        input_size: Rows and columns of tokens, for which positions are made.
        rel_pos_zero_init: Whether positions start at 0.

    Shape:
        x: ``(B, H * W, in_dims)``.
        returns: ``(B, H' * W', D)``, and ``(H', W')``.

    Raises:
        ValueError: if there are relative positions and input_size is no square.
    """

    def __init__(
        self,
        in_dims: int,
        out_dims: int,
        num_heads: int,
        qkv_bias: bool = True,
        norm_cfg: dict = PLAIN_LN,
        pool_kernel: Sequence[int] = (3, 3),
        stride_q: int = 1,
        stride_kv: int = 1,
        rel_pos_spatial: bool = False,
        residual_pooling: bool = True,
        input_size: Sequence[int] | None = None,
        rel_pos_zero_init: bool = False,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        width = out_dims // num_heads
        self.qkv = nn.Linear(in_dims, out_dims * 3, bias=qkv_bias)
        self.proj = nn.Linear(out_dims, out_dims)
        for name, stride in (('q', stride_q), ('k', stride_kv), ('v', stride_kv)):
            pool = nn.Conv2d(
                width,
                width,
                pool_kernel,
                stride=stride,
                padding=[size // 2 for size in pool_kernel],
                groups=width,
                bias=False,
            )
            self.add_module(f'pool_{name}', pool)
            self.add_module(f'norm_{name}', build_norm_layer(norm_cfg, width)[1])
        self.residual_pooling = residual_pooling
        self.rel_pos_spatial = rel_pos_spatial
        self.rel_pos_zero_init = rel_pos_zero_init
        if rel_pos_spatial:
            if input_size[0] != input_size[1]:
                raise ValueError(
                    f'rel_pos_spatial needs a square image, got {tuple(input_size)} '
                    'tokens; set rel_pos_spatial=False'
                )
            side = max(input_size[0] // stride_q, input_size[0] // stride_kv)
            self.rel_pos_h = nn.Parameter(torch.zeros(2 * side - 1, width))
            self.rel_pos_w = nn.Parameter(torch.zeros(2 * side - 1, width))

    def init_weights(self) -> None:
        """A truncated normal for the positions, if they do not start at 0."""
        super().init_weights()
        if self.rel_pos_spatial and not self.rel_pos_zero_init:
            trunc_normal_(self.rel_pos_h, std=0.02)
            trunc_normal_(self.rel_pos_w, std=0.02)

    def forward(self, x: Tensor, size: Sequence[int]) -> tuple[Tensor, tuple[int, int]]:
        """Let the pooled tokens of a map of ``size`` look at each other."""
        q, k, v = split_heads(self.qkv(x), self.num_heads)
        q, q_size = attention_pool(q, self.pool_q, size)
        k, k_size = attention_pool(k, self.pool_k, size)
        v, _ = attention_pool(v, self.pool_v, size)
        q, k, v = self.norm_q(q), self.norm_k(k), self.norm_v(v)
        bias = None
        if self.rel_pos_spatial:
            positions = (self.rel_pos_h, self.rel_pos_w)
            bias = decomposed_position_bias(q, *positions, q_size, k_size)
            bias = bias.to(q.dtype)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        if self.residual_pooling:
            out = out + q
        return self.proj(out.transpose(1, 2).flatten(2)), q_size


class MultiScaleBlock(BaseModule):
    """Pooling attention and a feed-forward network, each after a norm.

    Args:
        in_dims: Width of the input tokens.
        out_dims: Width of the output tokens.
        num_heads: Attention heads.
        mlp_ratio: Hidden width of the feed-forward network over that of the
            attention.
        drop_path: Stochastic depth, a fraction.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activation.
        stride_q: Stride of the pooling of queries, and of the shortcut.
        dim_mul_in_attention: Whether the attention changes the width, or else
            the feed-forward network.
        input_size: Rows and columns of tokens.
        kwargs: Further arguments of :class:`MultiScaleAttention`.
    """

    def __init__(
        self,
        in_dims: int,
        out_dims: int,
        num_heads: int,
        mlp_ratio: float = 4.0,
        drop_path: float = 0.0,
        norm_cfg: dict = PLAIN_LN,
        act_cfg: dict = GELU,
        stride_q: int = 1,
        dim_mul_in_attention: bool = True,
        input_size: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.norm1 = build_norm_layer(norm_cfg, in_dims)[1]
        self.dim_mul_in_attention = dim_mul_in_attention
        dims = out_dims if dim_mul_in_attention else in_dims
        self.attn = MultiScaleAttention(
            in_dims,
            dims,
            num_heads,
            norm_cfg=norm_cfg,
            stride_q=stride_q,
            input_size=input_size,
            **kwargs,
        )
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()
        self.norm2 = build_norm_layer(norm_cfg, dims)[1]
        self.mlp = Mlp(dims, int(dims * mlp_ratio), out_dims, act_cfg)
        self.proj = nn.Linear(in_dims, out_dims) if in_dims != out_dims else None
        self.pool_skip = None
        self.init_out_size = input_size
        if stride_q > 1:
            kernel = stride_q + 1
            self.pool_skip = nn.MaxPool2d(kernel, stride_q, kernel // 2)
            self.init_out_size = [side // stride_q for side in input_size]

    def forward(self, x: Tensor, size: Sequence[int]) -> tuple[Tensor, tuple[int, int]]:
        """Tokens of a map of ``size``, and the rows and columns of them then."""
        normed = self.norm1(x)
        out, out_size = self.attn(normed, size)
        in_attention = self.dim_mul_in_attention
        if self.proj is not None and in_attention:
            x = self.proj(normed)
        if self.pool_skip is not None:
            x = attention_pool(x[:, None], self.pool_skip, size)[0].squeeze(1)
        x = x + self.drop_path(out)
        normed = self.norm2(x)
        if self.proj is not None and not in_attention:
            x = self.proj(normed)
        return x + self.drop_path(self.mlp(normed)), out_size


@MODELS.register_module()
class MViT(BaseBackbone):
    """A pyramid of transformers whose attention pools tokens.

    Args:
        arch: ``'tiny'``, ``'small'``, ``'base'``, ``'large'``, or a dict with the
            keys ``embed_dims``, ``num_layers``, ``num_heads`` and
            ``downscale_indices``.
        img_size: Pixels of the square image, for which positions are made; images
            of other sizes are accepted.
        in_channels: Channels of the image.
        out_scales: Which scales are returned; negative counts from the end.
        drop_path_rate: Stochastic depth of the last block, a fraction.
        use_abs_pos_embed: Whether there is a position embedding.
        interpolate_mode: How that is interpolated.
        pool_kernel: Size of the pooling.
        dim_mul: Factor on the width from scale to scale.
        head_mul: Factor on the number of heads.
        adaptive_kv_stride: Stride of the pooling of keys and values on the first
            scale; half on each of the next.
        rel_pos_spatial: Whether there are relative positions.
        residual_pooling: Whether pooled queries are added to the outputs.
        dim_mul_in_attention: Whether attentions change the width, or else the
            feed-forward networks before them.
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
