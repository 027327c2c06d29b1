"""Twins.

Paper: Twins: Revisiting the Design of Spatial Attention in Vision Transformers,
NeurIPS 2021, https://arxiv.org/abs/2104.13840
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from mmengine.model import ModuleList
from mmengine.model.weight_init import constant_init, normal_init, trunc_normal_init
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    ConditionalPositionEncoding,
    PatchEmbed,
    build_norm_layer,
)
from .archs import check_lengths, pick_arch
from .base_backbone import BaseBackbone, check_out_indices
from .twins_blocks import (
    GlobalSubsampledAttention,
    LocallyGroupedSelfAttention,
    TwinsLayer,
)

__all__ = ['PCPVT', 'SVT']

LAYER_NORM = dict(type='LN')
GELU = dict(type='GELU')
STAGE_KEYS = 'embed_dims depths num_heads patch_sizes strides mlp_ratios sr_ratios'
STEPS = ([4, 2, 2, 2], [4, 2, 2, 2])


@MODELS.register_module()
class PCPVT(BaseBackbone):
    """Twins-PCPVT: a pyramid of transformers with conditional positions.

    Args:
        arch: ``'small'``, ``'base'``, ``'large'``, or a dict with the keys
            ``embed_dims``, ``depths``, ``num_heads``, ``patch_sizes``,
            ``strides``, ``mlp_ratios`` and ``sr_ratios``, one number a stage each.
        in_channels: Channels of the image.
        out_indices: Which stages are returned; negative ones are counted from the end.
        qkv_bias: Whether queries, keys and values have a bias.
        drop_rate: Dropout after the embeddings and the projections, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Rate of stochastic depth of the last layer, a fraction; it grows
            linearly from 0 in the first.
        norm_cfg: Config of the norms.
        norm_after_stage: Whether there is a norm after every stage, or a list.
        init_cfg: Config of the initialisation; ``None`` is that of the paper.

    Override:
        attention: makes the attention of a layer.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one map per index, ``(B, D_i, H / 4 / 2**i, W / 4 / 2**i)``.

    Raises:
        ValueError: if arch, out_indices or norm_after_stage is out of range.

    Example:
        >>> model = MODELS.build(dict(type='PCPVT', arch='small'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 512, 2, 2])
    """

    arch_zoo: ClassVar[dict[str, dict]] = {
        name: dict(zip(STAGE_KEYS.split(), values, strict=True))
        for names, depths in (
            ('s small', [3, 4, 6, 3]),
            ('b base', [3, 4, 18, 3]),
            ('l large', [3, 8, 27, 3]),
        )
        for name in names.split()
        for values in [
            ([64, 128, 320, 512], depths, [1, 2, 5, 8], *STEPS)
            + ([8, 8, 4, 4], [8, 4, 2, 1])
        ]
    }

    def __init__(
        self,
        arch: str | dict,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = (3,),
        qkv_bias: bool = False,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: dict = LAYER_NORM,
        norm_after_stage: bool | Sequence[bool] = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.arch_settings = pick_arch(arch, self.arch_zoo)
        self.embed_dims = self.arch_settings['embed_dims']
        self.depths = self.arch_settings['depths']
        self.num_stage = len(self.depths)
        if isinstance(norm_after_stage, bool):
            norm_after_stage = [norm_after_stage] * self.num_stage
        check_lengths(
            self.num_stage,
            'stages',
            norm_after_stage=norm_after_stage,
            **{f'arch.{key}': value for key, value in self.arch_settings.items()},
        )
        self.out_indices = check_out_indices(out_indices, self.num_stage)
        widths = [in_channels, *self.embed_dims]
        self.patch_embeds = ModuleList(
            PatchEmbed(
                widths[i],
                widths[i + 1],
                kernel_size=self.arch_settings['patch_sizes'][i],
                stride=self.arch_settings['strides'][i],
                norm_cfg=dict(type='LN'),
            )
            for i in range(self.num_stage)
        )
        self.position_encoding_drops = ModuleList(
            nn.Dropout(p=drop_rate) for _ in range(self.num_stage)
        )
        attn = dict(attn_drop=attn_drop_rate, proj_drop=drop_rate, qkv_bias=qkv_bias)
        layer = dict(drop_rate=drop_rate, norm_cfg=norm_cfg)
        rates = iter(np.linspace(0, drop_path_rate, sum(self.depths)).tolist())
        self.stages = ModuleList(
            ModuleList(
                self._layer(k, i, attn, dict(layer, drop_path_rate=next(rates)))
                for i in range(depth)
            )
            for k, depth in enumerate(self.depths)
        )
        self.position_encodings = ModuleList(
            ConditionalPositionEncoding(width, width) for width in self.embed_dims
        )
        for i, has_norm in enumerate(norm_after_stage):
            norm = nn.Identity()
            if has_norm and norm_cfg is not None:
                norm = build_norm_layer(norm_cfg, self.embed_dims[i])[1]
            self.add_module(f'norm_after_stage{i}', norm)

    def _layer(self, k: int, i: int, attn: dict, layer: dict) -> TwinsLayer:
        width = self.embed_dims[k]
        hidden = self.arch_settings['mlp_ratios'][k] * width
        attn = dict(
            attn, embed_dims=width, num_heads=self.arch_settings['num_heads'][k]
        )
        attention = self.attention(k, i, attn, layer['norm_cfg'])
        return TwinsLayer(attention, width, hidden, **layer)

    def attention(self, k: int, i: int, args: dict[str, Any], norm: dict) -> nn.Module:
        """The attention of layer ``i`` of stage ``k``."""
        return GlobalSubsampledAttention(
            **args, norm_cfg=norm, sr_ratio=self.arch_settings['sr_ratios'][k]
        )

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every output."""
        strides = np.cumprod(self.arch_settings['strides']).tolist()
        return tuple(
            FeatureSpec(self.embed_dims[i], strides[i]) for i in self.out_indices
        )

    def init_weights(self) -> None:
        """As init_cfg says, or as the paper does."""
        if self.init_cfg is not None:
            super().init_weights()
            return
        for module in self.modules():
            if isinstance(module, nn.Linear):
                trunc_normal_init(module, std=0.02, bias=0.0)
            elif isinstance(module, (_BatchNorm, nn.GroupNorm, nn.LayerNorm)):
                constant_init(module, val=1.0, bias=0.0)
            elif isinstance(module, nn.Conv2d):
                rows, columns = module.kernel_size
                fan_out = rows * columns * module.out_channels // module.groups
                normal_init(module, mean=0, std=math.sqrt(2.0 / fan_out), bias=0)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the stages that out_indices names."""
        outs = []
        for k, stage in enumerate(self.stages):
            x, size = self.patch_embeds[k](x)
            x = self.position_encoding_drops[k](x)
            for i, layer in enumerate(stage):
                x = layer(x, size)
                if i == 0:
                    x = self.position_encodings[k](x, size)
            x = getattr(self, f'norm_after_stage{k}')(x)
            x = x.transpose(1, 2).unflatten(2, size).contiguous()
            if k in self.out_indices:
                outs.append(x)
        return tuple(outs)


@MODELS.register_module()
class SVT(PCPVT):
    """Twins-SVT: attention within windows and to fewer tokens in turn.

    Args:
        arch: ``'small'``, ``'base'``, ``'large'``, or a dict with the keys of
            :class:`PCPVT` and ``window_sizes``.
        kwargs: Arguments of :class:`PCPVT`.

    Shape:
        As in :class:`PCPVT`.

    Example:
        >>> model = MODELS.build(dict(type='SVT', arch='small'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 512, 2, 2])
    """

    arch_zoo: ClassVar[dict[str, dict]] = {
        name: dict(zip([*STAGE_KEYS.split(), 'window_sizes'], values, strict=True))
        for names, widths, depths, heads in (
            ('s small', [64, 128, 256, 512], [2, 2, 10, 4], [2, 4, 8, 16]),
            ('b base', [96, 192, 384, 768], [2, 2, 18, 2], [3, 6, 12, 24]),
            ('l large', [128, 256, 512, 1024], [2, 2, 18, 2], [4, 8, 16, 32]),
        )
        for name in names.split()
        for values in [
            (widths, depths, heads, *STEPS, [4, 4, 4, 4], [8, 4, 2, 1], [7, 7, 7, 7])
        ]
    }

    def __init__(self, arch: str | dict, **kwargs: Any) -> None:
        super().__init__(arch, **kwargs)

    def attention(self, k: int, i: int, args: dict[str, Any], norm: dict) -> nn.Module:
        """The attention of layer ``i`` of stage ``k``: within windows if even."""
        if i % 2:
            return super().attention(k, i, args, norm)
        window = self.arch_settings['window_sizes'][k]
        return LocallyGroupedSelfAttention(**args, window_size=window)
