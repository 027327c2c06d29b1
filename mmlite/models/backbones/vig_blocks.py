"""The blocks of Vision GNN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch.nn.functional as F
from mmengine.model import Sequential
from torch import Tensor, nn

from ..layers import (
    DropPath,
    DyGraphConv2d,
    build_2d_sincos_position_embedding,
    build_activation_layer,
    build_norm_layer,
)

__all__ = [
    'Grapher',
    'VigFFN',
    'make_stem',
]

GELU = dict(type='GELU')
BN = dict(type='BN')
SIDE = 224  # pixels of the images that positions are made for
GraphConvType = Literal['edge', 'mr', 'sage', 'gin']


def _pointwise(in_channels: int, out_channels: int) -> Sequential:
    norm = build_norm_layer(BN, out_channels)[1]
    return Sequential(nn.Conv2d(in_channels, out_channels, 1), norm)


def make_stem(
    widths: Sequence[int], strides: Sequence[int], norm_cfg: dict, act_cfg: dict
) -> Sequential:
    """Convolutions with norms, and activations in between, that start a network."""
    layers: list[nn.Module] = []
    for i, stride in enumerate(strides):
        layers += [build_activation_layer(act_cfg)] if layers else []
        layers.append(nn.Conv2d(widths[i], widths[i + 1], 3, stride, 1))
        layers.append(build_norm_layer(norm_cfg, widths[i + 1])[1])
    return Sequential(*layers)


class Grapher(nn.Module):
    """A graph convolution between two pointwise ones, with a shortcut.

    Args:
        in_channels: Channels of the map.
        n: Nodes of the map, for which relative positions are made.
        drop_path: Rate of stochastic depth, a fraction.
        relative_pos: Whether there are relative positions.
        r: Factor by which the map is smaller that neighbours are looked up in, see
            ``DyGraphConv2d``.
        kwargs: Further arguments of ``DyGraphConv2d``.

    Shape:
        x: ``(B, C, H, W)``; returns the same shape.
    """

    def __init__(
        self,
        in_channels: int,
        n: int = 196,
        drop_path: float = 0.0,
        relative_pos: bool = False,
        r: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.n, self.r = n, r
        self.fc1 = _pointwise(in_channels, in_channels)
        self.graph_conv = DyGraphConv2d(in_channels, in_channels * 2, r=r, **kwargs)
        self.fc2 = _pointwise(in_channels * 2, in_channels)
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()
        self.relative_pos = None
        if relative_pos:
            table = build_2d_sincos_position_embedding(int(n**0.5), in_channels)[0]
            table = (2 / in_channels * table @ table.T)[None]
            self.relative_pos = nn.Parameter(
                -self._resized(table, n), requires_grad=False
            )

    def _resized(self, table: Tensor, n: int) -> Tensor:
        size = (n, n // self.r**2)
        if table.shape[1:] == size:
            return table
        resized = F.interpolate(
            table[None].float(), size=size, mode='bicubic', align_corners=False
        )
        return resized[0].to(table.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """The block of the map x."""
        positions = self.relative_pos
        if positions is not None:
            positions = self._resized(positions, x.shape[2] * x.shape[3])
        out = self.fc2(self.graph_conv(self.fc1(x), positions))
        return self.drop_path(out) + x


class VigFFN(nn.Module):
    """Two pointwise convolutions with norms, and a shortcut.

    Args:
        in_features: Channels of the map.
        hidden_features: Channels in between.
        act_cfg: Config of the activation.
        drop_path: Rate of stochastic depth, a fraction.
    """

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        act_cfg: dict = GELU,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.fc1 = _pointwise(in_features, hidden_features)
        self.act = build_activation_layer(act_cfg)
        self.fc2 = _pointwise(hidden_features, in_features)
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """The network of x, added to x."""
        return self.drop_path(self.fc2(self.act(self.fc1(x)))) + x
