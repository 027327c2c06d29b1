"""VAN.

Paper: Visual Attention Network, Computational Visual Media 2023,
https://arxiv.org/abs/2202.09741
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    DropPath,
    MapPatchEmbed,
    build_activation_layer,
    build_norm_layer,
    drop_path_rates,
)
from .archs import pick_arch
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
)

__all__ = ['LKA', 'VAN', 'MixFFN', 'VANBlock']

BATCH_NORM = dict(type='BN')
LAYER_NORM = dict(type='LN')
GELU = dict(type='GELU')
NOTHING: Mapping[str, Any] = MappingProxyType({})


class MixFFN(BaseModule):
    """A feed-forward network with a depth-wise convolution in it.

    Args:
        embed_dims: Channels of input and output.
        feedforward_channels: Hidden width.
        act_cfg: Config of the activation.
        ffn_drop: Dropout, a fraction.
        init_cfg: Config of the initialisation.

    Example:
        >>> MixFFN(8, 16)(torch.zeros(1, 8, 4, 4)).shape
        torch.Size([1, 8, 4, 4])
    """

    def __init__(
        self,
        embed_dims: int,
        feedforward_channels: int,
        act_cfg: dict = GELU,
        ffn_drop: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        width = feedforward_channels
        self.fc1 = nn.Conv2d(embed_dims, width, 1)
        self.dwconv = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.act = build_activation_layer(act_cfg)
        self.fc2 = nn.Conv2d(width, embed_dims, 1)
        self.drop = nn.Dropout(ffn_drop)

    def forward(self, x: Tensor) -> Tensor:
        """The network of x."""
        x = self.drop(self.act(self.dwconv(self.fc1(x))))
        return self.drop(self.fc2(x))


class LKA(BaseModule):
    """Large kernel attention: weigh a map by a large convolution, made of three.

    Args:
        embed_dims: Number of channels.
        init_cfg: Config of the initialisation.

    Example:
        >>> LKA(8)(torch.zeros(1, 8, 4, 4)).shape
        torch.Size([1, 8, 4, 4])
    """

    def __init__(
        self, embed_dims: int, init_cfg: dict | list[dict] | None = None
    ) -> None:
        super().__init__(init_cfg)
        same = dict(groups=embed_dims)
        self.DW_conv = nn.Conv2d(embed_dims, embed_dims, 5, padding=2, **same)
        self.DW_D_conv = nn.Conv2d(
            embed_dims, embed_dims, 7, padding=9, dilation=3, **same
        )
        self.conv1 = nn.Conv2d(embed_dims, embed_dims, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Weigh x."""
        return x * self.conv1(self.DW_D_conv(self.DW_conv(x)))


class SpatialAttention(BaseModule):
    """:class:`LKA` between two 1x1 convolutions, with a shortcut.

    Args:
        embed_dims: Number of channels.
        act_cfg: Config of the activation.
        init_cfg: Config of the initialisation.
    """

    def __init__(
        self,
        embed_dims: int,
        act_cfg: dict = GELU,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.proj_1 = nn.Conv2d(embed_dims, embed_dims, 1)
        self.activation = build_activation_layer(act_cfg)
        self.spatial_gating_unit = LKA(embed_dims)
        self.proj_2 = nn.Conv2d(embed_dims, embed_dims, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Attention of x."""
        out = self.activation(self.proj_1(x))
        return self.proj_2(self.spatial_gating_unit(out)) + x


class VANBlock(BaseModule):
    """Attention and a feed-forward network, each with a scaled shortcut.

    Args:
        embed_dims: Number of channels.
        ffn_ratio: Hidden width of the feed-forward network over ``embed_dims``.
        drop_rate: Dropout of the feed-forward network, a fraction.
        drop_path_rate: Rate of stochastic depth, a fraction.
        act_cfg: Config of the activations.
        norm_cfg: Config of the norms.
        layer_scale_init_value: Initial value of the factors on both branches; 0 has
            none.
        init_cfg: Config of the initialisation.

    Example:
        >>> VANBlock(8)(torch.zeros(2, 8, 4, 4)).shape
        torch.Size([2, 8, 4, 4])
    """

    def __init__(
        self,
        embed_dims: int,
        ffn_ratio: float = 4.0,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        act_cfg: dict = GELU,
        norm_cfg: dict = BATCH_NORM,
        layer_scale_init_value: float = 0.01,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.norm1 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.attn = SpatialAttention(embed_dims, act_cfg=act_cfg)
        self.drop_path = DropPath(drop_path_rate)
        self.norm2 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.mlp = MixFFN(embed_dims, int(embed_dims * ffn_ratio), act_cfg, drop_rate)
        self.layer_scale_1 = self.layer_scale_2 = None
        if layer_scale_init_value > 0:
            start = layer_scale_init_value * torch.ones(embed_dims)
            self.layer_scale_1 = nn.Parameter(start.clone())
            self.layer_scale_2 = nn.Parameter(start)

    @staticmethod
    def _scaled(x: Tensor, factor: Tensor | None) -> Tensor:
        return x if factor is None else factor.view(-1, 1, 1) * x

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        attended = self._scaled(self.attn(self.norm1(x)), self.layer_scale_1)
        x = x + self.drop_path(attended)
        mixed = self._scaled(self.mlp(self.norm2(x)), self.layer_scale_2)
        return x + self.drop_path(mixed)


def _arch(widths: Sequence[int], depths: Sequence[int]) -> dict[str, list[int]]:
    return dict(embed_dims=[*widths], depths=[*depths], ffn_ratios=[8, 8, 4, 4])


_WIDE = (64, 128, 320, 512)


@MODELS.register_module()
class VAN(BaseBackbone):
    """Stages of blocks whose attention is a convolution of large reach.

    Args:
        arch: ``'tiny'``, ``'small'``, ``'base'`` or ``'large'`` (or ``'t'``,
            ...), or a dict with ``embed_dims``, ``depths`` and ``ffn_ratios``.
        patch_sizes: Edge of the kernel of the convolution that begins each stage, in
            pixels; its stride is half of it, rounded up.
        in_channels: Channels of the image.
        drop_rate: Dropout of the feed-forward networks, a fraction.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            from 0.
        out_indices: Which stages are returned, counted from 0.
        frozen_stages: The last stage that keeps weights and statistics, with
            all before it; -1 is none.
        norm_eval: Whether batch norms keep their statistics in training.
        norm_cfg: Config of the norm behind each stage.
        block_cfgs: Further arguments of the blocks.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            4, 8, 16, 32.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='VAN', arch='tiny'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 256, 2, 2])
    """

    arch_zoo: ClassVar[dict[str, dict[str, list[int]]]] = {
        **dict.fromkeys(('t', 'tiny'), _arch((32, 64, 160, 256), (3, 3, 5, 2))),
        **dict.fromkeys(('s', 'small'), _arch(_WIDE, (2, 2, 4, 2))),
        **dict.fromkeys(('b', 'base'), _arch(_WIDE, (3, 3, 12, 3))),
        **dict.fromkeys(('l', 'large'), _arch(_WIDE, (3, 5, 27, 3))),
    }

    def __init__(
        self,
        arch: str | dict[str, Sequence[int]] = 'tiny',
        patch_sizes: Sequence[int] = (7, 3, 3, 3),
        in_channels: int = 3,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        out_indices: int | Sequence[int] = (3,),
        frozen_stages: int = -1,
        norm_eval: bool = False,
        norm_cfg: dict = LAYER_NORM,
        block_cfgs: Mapping[str, Any] = NOTHING,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        arch = pick_arch(arch, self.arch_zoo)
        self.embed_dims = tuple(arch['embed_dims'])
        self.depths = tuple(arch['depths'])
        self.num_stages = len(self.depths)
        self.out_indices = check_out_indices(out_indices, self.num_stages)
        self.frozen_stages = check_frozen_stages(frozen_stages, self.num_stages - 1)
        self.norm_eval = norm_eval
        self.strides = tuple(size // 2 + 1 for size in patch_sizes)
        rates = drop_path_rates(drop_path_rate, self.depths)
        before = in_channels
        for i, width in enumerate(self.embed_dims):
            size = patch_sizes[i]
            patches = MapPatchEmbed(
                before,
                width,
                kernel_size=size,
                stride=self.strides[i],
                padding=size // 2,
                norm_cfg=BATCH_NORM,
            )
            blocks = nn.ModuleList(
                VANBlock(width, arch['ffn_ratios'][i], drop_rate, rate, **block_cfgs)
                for rate in rates[i]
            )
            self.add_module(f'patch_embed{i + 1}', patches)
            self.add_module(f'blocks{i + 1}', blocks)
            self.add_module(f'norm{i + 1}', build_norm_layer(norm_cfg, width)[1])
            before = width
        self.freeze_parts()

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every stage that is returned."""
        return tuple(
            FeatureSpec(self.embed_dims[i], prod(self.strides[: i + 1]))
            for i in self.out_indices
        )

    def frozen_parts(self) -> list[nn.Module]:
        """The stages up to frozen_stages."""
        return [
            getattr(self, f'{part}{i + 1}')
            for i in range(self.frozen_stages + 1)
            for part in ('patch_embed', 'blocks', 'norm')
        ]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages that out_indices names."""
        outs = []
        for i in range(self.num_stages):
            x = getattr(self, f'patch_embed{i + 1}')(x)
            for block in getattr(self, f'blocks{i + 1}'):
                x = block(x)
            norm = getattr(self, f'norm{i + 1}')
            x = norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)
