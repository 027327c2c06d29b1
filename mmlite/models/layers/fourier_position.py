"""Positions as waves."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

__all__ = ['PositionEncodingFourier']

EPS = 1e-6


class PositionEncodingFourier(BaseModule):
    """Sines and cosines of the place in a map, projected to its width.

    Paper: XCiT, NeurIPS 2021, https://arxiv.org/abs/2106.09681

    Args:
        in_channels: Waves for each of the two directions.
        embed_dims: Width of the output.
        temperature: Ratio of the longest wave to the shortest.
        init_cfg: Config of the initialisation.

    Shape:
        bhw_shape: batch, rows and columns of the map.
        returns: ``(1, embed_dims, H, W)``, the same for every sample.

    Example:
        >>> from mmlite.models.layers import PositionEncodingFourier
        >>> PositionEncodingFourier(4, 8)((2, 3, 5)).shape
        torch.Size([1, 8, 3, 5])
    """

    def __init__(
        self,
        in_channels: int = 32,
        embed_dims: int = 768,
        temperature: float = 10000,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = in_channels
        self.embed_dims = embed_dims
        self.temperature = temperature
        self.proj = nn.Conv2d(in_channels * 2, embed_dims, kernel_size=1)

    def forward(self, bhw_shape: Sequence[int]) -> Tensor:
        """The encoding of a map of this shape."""
        _, height, width = bhw_shape
        rows = self._waves(height)[:, None].expand(height, width, -1)
        columns = self._waves(width)[None].expand(height, width, -1)
        waves = torch.cat((rows, columns), dim=-1).permute(2, 0, 1)[None]
        return self.proj(waves.to(self.proj.weight.dtype))

    def _waves(self, size: int) -> Tensor:
        """Sines and cosines in turn, ``(size, in_channels)``."""
        device = self.proj.weight.device
        place = torch.arange(1, size + 1, device=device).float()
        place = place / (size + EPS) * (2 * math.pi)
        steps = torch.arange(self.in_channels, device=device).float()
        steps = self.temperature ** (2 * (steps // 2) / self.in_channels)
        waves = place[:, None] / steps
        return torch.stack((waves[:, 0::2].sin(), waves[:, 1::2].cos()), 2).flatten(1)
