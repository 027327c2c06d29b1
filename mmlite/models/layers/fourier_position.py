"""Fourier position encodings."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from .position_embed import fourier_positions

__all__ = ['PositionEncodingFourier']


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
        weight = self.proj.weight
        waves = fourier_positions(
            bhw_shape[1:], self.in_channels, self.temperature, weight.device
        )
        return self.proj(waves.to(weight.dtype))
