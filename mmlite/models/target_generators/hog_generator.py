"""Histograms of oriented gradients (HOG)."""

from __future__ import annotations

import math

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from ...errors import DataError
from ...ops import at_least_float32, full_precision
from ...registry import MODELS

__all__ = ['HOGGenerator']

#: Rows, and columns, of patches that the features are arranged in.
_GRID = 14


@MODELS.register_module()
class HOGGenerator(BaseModule):
    """Histograms of oriented gradients, the target of MaskFeat.

    The gradients of every channel vote for their direction, over all 360 degrees,
    with their length times a Gaussian window; each histogram is divided by its norm.

    Paper: Masked Feature Prediction for Self-Supervised Visual Pre-Training, CVPR
    2022, https://arxiv.org/abs/2112.09133

    Args:
        nbins: Directions of a histogram.
        pool: Pixels of a side of a cell, which has one histogram.
        gaussian_window: Pixels of a side of the window, repeated over the image; 0
            has none.

    Shape:
        x: ``(B, 3, H, W)``, with as many rows as columns: a multiple of 14 cells,
            and of the window.
        returns: ``(B, 14 * 14, 3 * nbins * cells of a patch)``.

    Raises:
        DataError: if the images do not have such a size.

    Example:
        >>> HOGGenerator()(torch.rand(1, 3, 224, 224)).shape
        torch.Size([1, 196, 108])
    """

    def __init__(
        self, nbins: int = 9, pool: int = 8, gaussian_window: int = 16
    ) -> None:
        super().__init__()
        self.nbins = nbins
        self.pool = pool
        self.gaussian_window = gaussian_window
        slope = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]).expand(3, 1, 3, 3)
        self.register_buffer('weight_x', slope.contiguous())
        self.register_buffer('weight_y', slope.mT.contiguous())
        if gaussian_window:
            self.register_buffer('gaussian_kernel', _window(gaussian_window))

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """The histograms, patch by patch."""
        return self._by_patch(self.histograms(x))

    @torch.no_grad()
    def histograms(self, x: Tensor) -> Tensor:
        """The histograms of every cell, ``(B, 3, nbins, H / pool, W / pool)``."""
        self._check(x)
        padded = F.pad(at_least_float32(x), (1, 1, 1, 1), mode='reflect')
        with full_precision(x.device):  # a target is exact
            down = F.conv2d(padded, self.weight_x, groups=3)
            right = F.conv2d(padded, self.weight_y, groups=3)
        length = torch.stack((down, right), dim=-1).norm(dim=-1)
        if window := self.gaussian_window:
            times = [side // window for side in x.shape[2:]]
            length = length * self.gaussian_kernel.repeat(times)
        angle = torch.atan2(down, right) / math.pi * self.nbins
        place = angle.floor().long() % self.nbins
        votes = x.new_zeros(*x.shape[:2], self.nbins, *x.shape[2:], dtype=torch.float)
        votes.scatter_add_(2, place[:, :, None], length.float()[:, :, None])
        sums = F.avg_pool2d(votes.flatten(0, 1), self.pool) * self.pool**2
        return F.normalize(sums.unflatten(0, x.shape[:2]), dim=2)

    def _by_patch(self, histograms: Tensor) -> Tensor:
        cells = histograms.shape[-1] // _GRID
        found = histograms.flatten(1, 2)
        found = found.unflatten(3, (_GRID, cells)).unflatten(2, (_GRID, cells))
        # (B, 3 * nbins, rows, cells, columns, cells) to one row for every patch
        return found.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)

    def _check(self, x: Tensor) -> None:
        rows, columns = x.shape[2:]
        step = math.lcm(self.pool * _GRID, self.gaussian_window or 1)
        if x.shape[1] != 3 or rows != columns or rows % step:
            raise DataError(
                f'HOGGenerator takes images (B, 3, H, W) of H = W, a multiple of '
                f'{step} pixels: {_GRID} patches of whole cells of {self.pool}; got '
                f'{tuple(x.shape)}'
            )


def _window(size: int) -> Tensor:
    """A Gaussian of a deviation of half the window, ``(size, size)``, of sum 1."""
    places = torch.arange(size).float()
    wave = torch.exp(-0.5 * ((places - places.mean()) / (size // 2)) ** 2)
    window = wave[:, None] * wave[None, :]
    return window / window.sum()
