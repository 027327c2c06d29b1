"""A brand-new backbone."""

from __future__ import annotations

import torch
from torch import nn

from mmlite.models.backbones import BaseBackbone
from mmlite.registry import MODELS
from mmlite.structures import FeatureSpec


class Mixed(nn.Module):
    """Convolutions of two sizes side by side."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        half = out_channels // 2
        self.small = nn.Conv2d(in_channels, half, 1, stride=stride)
        self.large = nn.Conv2d(in_channels, half, 3, stride=stride, padding=1)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(torch.cat([self.small(x), self.large(x)], dim=1)).relu()


@MODELS.register_module()
class InceptionV100(BaseBackbone):
    widths = (8, 12, 16, 24)

    def __init__(self, out_indices: tuple[int, ...] = (3,)) -> None:
        super().__init__()
        self.out_indices = out_indices
        channels = 3
        for i, width in enumerate(self.widths):
            self.add_module(f'stage{i}', Mixed(channels, width, stride=2))
            channels = width

    @property
    def chain(self) -> tuple[str, ...]:
        return tuple(f'stage{i}' for i in range(len(self.widths)))

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        return tuple(
            FeatureSpec(self.widths[i], 2 ** (i + 1)) for i in self.out_indices
        )

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        outs = []
        for i, name in enumerate(self.chain):
            x = getattr(self, name)(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)
