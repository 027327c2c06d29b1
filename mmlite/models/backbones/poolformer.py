"""PoolFormer.

Paper: MetaFormer Is Actually What You Need for Vision, CVPR 2022,
https://arxiv.org/abs/2111.11418
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import ConvMlp, DropPath, build_norm_layer, drop_path_rates
from .archs import pick_arch
from .base_backbone import (
    BaseBackbone,
    check_frozen_stages,
    check_out_indices,
)

__all__ = ['MetaBlock', 'MetaFormer', 'PoolFormer', 'PoolFormerBlock', 'Pooling']

GROUP_NORM = dict(type='GN', num_groups=1)
GELU = dict(type='GELU')


class Pooling(nn.Module):
    """What the mean of the surroundings adds to a pixel.

    Args:
        pool_size: Edge of the pooling window, in pixels.

    Example:
        >>> bool((Pooling()(torch.ones(1, 1, 4, 4)) == 0).all())
        True
    """

    def __init__(self, pool_size: int = 3) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(
            pool_size, stride=1, padding=pool_size // 2, count_include_pad=False
        )

    def forward(self, x: Tensor) -> Tensor:
        """The mean less x itself."""
        return self.pool(x) - x


class MetaBlock(BaseModule):
    """A token mixer and a feed-forward network, each with a scaled shortcut.

    Args:
        dim: Number of channels.
        mlp_ratio: Hidden width of the feed-forward network over ``dim``.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activation.
        drop: Dropout of the feed-forward network, a fraction.
        drop_path: Rate of stochastic depth, a fraction.
        layer_scale_init_value: Initial value of the factors on both branches.

    Override:
        make_mixer: adds the norm and what mixes tokens.
        mix: calls them.
    """

    def __init__(
        self,
        dim: int,
        mlp_ratio: float = 4.0,
        norm_cfg: dict = GROUP_NORM,
        act_cfg: dict = GELU,
        drop: float = 0.0,
        drop_path: float = 0.0,
        layer_scale_init_value: float = 1e-5,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.norm_cfg = norm_cfg
        self.make_mixer()
        self.norm2 = build_norm_layer(norm_cfg, dim)[1]
        self.mlp = ConvMlp(dim, int(dim * mlp_ratio), act_cfg=act_cfg, drop=drop)
        self.drop_path = DropPath(drop_path)
        start = layer_scale_init_value * torch.ones(dim)
        self.layer_scale_1 = nn.Parameter(start.clone())
        self.layer_scale_2 = nn.Parameter(start)

    def make_mixer(self) -> None:
        """Add the norm and what mixes tokens."""
        raise NotImplementedError

    def mix(self, x: Tensor) -> Tensor:
        """Normalise and mix."""
        return self.token_mixer(self.norm1(x))

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        x = x + self.drop_path(self.layer_scale_1.view(-1, 1, 1) * self.mix(x))
        mlp = self.mlp(self.norm2(x))
        return x + self.drop_path(self.layer_scale_2.view(-1, 1, 1) * mlp)


class PoolFormerBlock(MetaBlock):
    """A block that mixes tokens by pooling.

    Args:
        dim: Number of channels.
        pool_size: See :class:`Pooling`.
        kwargs: Other arguments of :class:`MetaBlock`.

    Example:
        >>> PoolFormerBlock(8)(torch.zeros(1, 8, 4, 4)).shape
        torch.Size([1, 8, 4, 4])
    """

    def __init__(self, dim: int, pool_size: int = 3, **kwargs: Any) -> None:
        self.pool_size = pool_size
        super().__init__(dim, **kwargs)

    def make_mixer(self) -> None:
        """Add the norm and the pooling."""
        self.norm1 = build_norm_layer(self.norm_cfg, self.dim)[1]
        self.token_mixer = Pooling(self.pool_size)


class _Patches(nn.Module):
    """A strided convolution, the start of a stage."""

    def __init__(self, size: int, stride: int, padding: int, *widths: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(*widths, kernel_size=size, stride=stride, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x)


def _arch(depths: Sequence[int], widths: Sequence[int], scale: float) -> dict:
    return dict(
        layers=list(depths),
        embed_dims=list(widths),
        mlp_ratios=[4, 4, 4, 4],
        layer_scale_init_value=scale,
    )


_S, _M = (64, 128, 320, 512), (96, 192, 384, 768)


class MetaFormer(BaseBackbone):
    """Stages of :class:`MetaBlock`, whichever way they mix tokens.

    Args:
        arch: ``'s12'``, ``'s24'``, ``'s36'``, ``'m36'`` or ``'m48'``, or a dict
            with ``layers`` and ``embed_dims``, and, if wanted, ``mlp_ratios``
            and ``layer_scale_init_value``.
        in_channels: Channels of the image.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        in_patch_size: Edge of the kernel of the first convolution, in pixels.
        in_stride: Stride of the first convolution, in pixels.
        in_pad: Padding of the first convolution, in pixels.
        down_patch_size: Edge of the kernel of the convolutions between stages, in
            pixels.
        down_stride: Stride of these convolutions, in pixels.
        down_pad: Padding of these convolutions, in pixels.
        drop_rate: Dropout of the feed-forward networks, a fraction.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            from 0.
        out_indices: Which layers are returned: 0, 2, 4, 6 are the stages, the
            others what lies between them.
        frozen_stages: How many layers keep their weights.
        init_cfg: Config of the initialisation.

    Override:
        make_block: one block.
    """

    arch_settings: ClassVar[dict[str, dict[str, Any]]] = {
        's12': _arch((2, 2, 6, 2), _S, 1e-5),
        's24': _arch((4, 4, 12, 4), _S, 1e-5),
        's36': _arch((6, 6, 18, 6), _S, 1e-6),
        'm36': _arch((6, 6, 18, 6), _M, 1e-6),
        'm48': _arch((8, 8, 24, 8), _M, 1e-6),
    }

    def __init__(
        self,
        arch: str | dict[str, Any] = 's12',
        in_channels: int = 3,
        norm_cfg: dict = GROUP_NORM,
        act_cfg: dict = GELU,
        in_patch_size: int = 7,
        in_stride: int = 4,
        in_pad: int = 2,
        down_patch_size: int = 3,
        down_stride: int = 2,
        down_pad: int = 1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        arch = pick_arch(arch, self.arch_settings, 'mlp_ratios layer_scale_init_value')
        widths, depths = arch['embed_dims'], arch['layers']
        ratios = arch.get('mlp_ratios', [4] * len(depths))
        common = dict(
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
            drop=drop_rate,
            layer_scale_init_value=arch.get('layer_scale_init_value', 1e-5),
        )
        self.patch_embed = _Patches(
            in_patch_size, in_stride, in_pad, in_channels, widths[0]
        )
        self.network = nn.ModuleList()
        self._specs: list[FeatureSpec] = []
        stride = in_stride
        rates = drop_path_rates(drop_path_rate, depths)
        for i, width in enumerate(widths):
            if i and width != widths[i - 1]:
                stride *= down_stride
                between = (down_patch_size, down_stride, down_pad, widths[i - 1], width)
                self._add(_Patches(*between), width, stride)
            blocks = (
                self.make_block(width, mlp_ratio=ratios[i], drop_path=rate, **common)
                for rate in rates[i]
            )
            self._add(nn.Sequential(*blocks), width, stride)
        self.out_indices = check_out_indices(out_indices, len(self.network))
        self.frozen_stages = check_frozen_stages(frozen_stages, len(self.network))
        for i in self.out_indices:
            norm = build_norm_layer(norm_cfg, self._specs[i].channels)[1]
            self.add_module(f'norm{i}', norm)
        self.freeze_parts()

    def _add(self, layer: nn.Module, width: int, stride: int) -> None:
        self.network.append(layer)
        self._specs.append(FeatureSpec(width, stride))

    def make_block(self, dim: int, **kwargs: Any) -> nn.Module:
        """Build one block."""
        raise NotImplementedError

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width and stride of every layer that is returned."""
        return tuple(self._specs[i] for i in self.out_indices)

    def frozen_parts(self) -> list[nn.Module]:
        """The patches, as many layers as frozen_stages says, and their norms."""
        if self.frozen_stages < 0:
            return []
        count = self.num_frozen
        norms = [getattr(self, f'norm{i}') for i in self.out_indices if i < count]
        return [self.patch_embed, *self.network[:count], *norms]

    @property
    def num_frozen(self) -> int:
        """How many layers are frozen."""
        return self.frozen_stages

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the layers that out_indices names."""
        x = self.patch_embed(x)
        outs = []
        for i, layer in enumerate(self.network):
            x = layer(x)
            if i in self.out_indices:
                outs.append(getattr(self, f'norm{i}')(x))
        return tuple(outs)


@MODELS.register_module()
class PoolFormer(MetaFormer):
    """A transformer whose attention is a pooling.

    Args:
        arch: ``'s12'``, ``'s24'``, ``'s36'``, ``'m36'`` or ``'m48'``, or a dict;
            see ``MetaFormer``, as for all other arguments but the first three.
        pool_size: Edge of the pooling window, in pixels.
        kwargs: Other arguments of ``MetaFormer``.

    Shape:
        x: ``(B, 3, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            4, 8, 8, 16, 16, 32, 32.

    Raises:
        ValueError: if arch, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='PoolFormer', arch='s12'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 512, 2, 2])
    """

    def __init__(
        self, arch: str | dict[str, Any] = 's12', pool_size: int = 3, **kwargs: Any
    ) -> None:
        self.pool_size = pool_size
        super().__init__(arch, **kwargs)

    def make_block(self, dim: int, **kwargs: Any) -> nn.Module:
        """Build a block that pools."""
        return PoolFormerBlock(dim, self.pool_size, **kwargs)
