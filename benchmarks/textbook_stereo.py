"""Stereo matching as it is written in textbooks: the forms that are compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

import torch
from torch import Tensor
from torch.nn import functional as F


def concat_volume(left: Tensor, right: Tensor, num_disp: int) -> Tensor:
    """Features of both views beside each other, one disparity after the other."""
    batch, channels, height, width = left.shape
    volume = left.new_zeros(batch, 2 * channels, num_disp, height, width)
    for d in range(min(num_disp, width)):
        volume[:, :channels, d, :, d:] = left[..., d:]
        volume[:, channels:, d, :, d:] = right[..., : width - d]
    return volume


def group_correlation_volume(
    left: Tensor, right: Tensor, num_disp: int, num_groups: int
) -> Tensor:
    """Means of products of groups of channels, one disparity after the other."""
    batch, channels, height, width = left.shape
    groups = num_groups, channels // num_groups
    volume = left.new_zeros(batch, num_groups, num_disp, height, width)
    for d in range(min(num_disp, width)):
        products = left[..., d:] * right[..., : width - d]
        volume[:, :, d, :, d:] = products.unflatten(1, groups).mean(dim=2)
    return volume


def regress_disparity(logits: Tensor, keepdim: bool = False) -> Tensor:
    """Probabilities times disparities, as large as the volume, and their sum."""
    shifts = torch.arange(logits.size(1), dtype=logits.dtype).view(1, -1, 1, 1)
    return (logits.softmax(dim=1) * shifts).sum(dim=1, keepdim=keepdim)


def upsampled_disparity(
    cost: Tensor, num_disp: int, size: tuple[int, int], align_corners: bool = False
) -> Tensor:
    """The fine volume, its probabilities, and their mean."""
    fine = F.interpolate(
        cost, (num_disp, *size), mode='trilinear', align_corners=align_corners
    )
    return regress_disparity(fine.squeeze(1))


def lookup_rows(levels: Sequence[Tensor], places: Tensor, radius: int) -> Tensor:
    """Correlations around places, resampled by ``grid_sample``."""
    steps = torch.linspace(-radius, radius, 2 * radius + 1)
    found = []
    for i, level in enumerate(levels):
        batch, height, width, reach = level.shape
        at = places.reshape(-1, 1, 1, 1) / 2**i + steps.view(1, 1, -1, 1)
        at = 2 * at / (reach - 1) - 1
        grid = torch.cat([at, torch.zeros_like(at)], dim=-1)
        rows = level.reshape(-1, 1, 1, reach)
        taken = F.grid_sample(rows, grid, align_corners=True)
        found.append(taken.view(batch, height, width, -1))
    return torch.cat(found, dim=-1).permute(0, 3, 1, 2).contiguous()


@contextmanager
def textbook_psmnet() -> Iterator[None]:
    """Let PSMNet compute in these forms."""
    place = 'mmlite.models.stereo.psmnet'
    with (
        mock.patch(f'{place}.concat_volume', concat_volume),
        mock.patch(f'{place}.upsampled_disparity', upsampled_disparity),
    ):
        yield
