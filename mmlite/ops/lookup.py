"""Correlations of a row of pixels with all of the other view's, and single ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ['lookup_around', 'lookup_rows', 'row_correlation', 'row_pyramid']


def row_correlation(left: Tensor, right: Tensor, scaled: bool = True) -> Tensor:
    """Products of the features of each left pixel with its whole row on the right.

    Args:
        left: Features of the left view.
        right: Those of the right view.
        scaled: Whether to divide them by the root of ``C``.

    Shape:
        left, right: ``(B, C, H, W)``; returns: float32, ``(B, H, W, W)``.

    Example:
        >>> views = torch.tensor([[[[1., 2.]]]]), torch.tensor([[[[3., 4.]]]])
        >>> row_correlation(*views)[0, 0].tolist()
        [[3.0, 4.0], [6.0, 8.0]]
    """
    rows = left.float().permute(0, 2, 3, 1)
    if scaled:
        rows = rows * left.size(1) ** -0.5
    return rows @ right.float().permute(0, 2, 1, 3)


def row_pyramid(corr: Tensor, num_levels: int) -> list[Tensor]:
    """The correlations, and means of two, four, ... neighbours on the right.

    Shape:
        corr: ``(..., W)``; returns: ``(..., W // 2 ** i)``.

    Example:
        >>> [level.tolist() for level in row_pyramid(torch.tensor([[[1., 3.]]]), 2)]
        [[[[1.0, 3.0]]], [[[2.0]]]]
    """
    levels = [corr]
    for _ in range(num_levels - 1):
        flat = levels[-1].flatten(0, -3)
        # Of a single pixel there are no two to take the mean of: nothing is known.
        halved = F.avg_pool1d(flat, 2) if flat.size(-1) > 1 else flat * 0
        levels.append(halved.view(*corr.shape[:-1], -1))
    return levels


def lookup_around(rows: Tensor, places: Tensor, radius: int) -> Tensor:
    """Entries of rows around places between them.

    The steps around a place are whole, so all of them lie as far behind an entry: two
    more entries are read than there are steps, where a general resampling reads four
    a step.

    Args:
        rows: What is looked up.
        places: Where, in entries of a row.
        radius: Steps to either side ``r``.

    Shape:
        rows: ``(*, W)``; places: ``(*)``, or 1 where all rows have the same.
        returns: ``(*, 2 r + 1)``; 0 outside of the rows.

    Example:
        >>> lookup_around(torch.tensor([2., 4., 8.]), torch.tensor(0.5), radius=1)
        tensor([1., 3., 6.])
    """
    first = places.floor()
    behind = (places - first).unsqueeze(-1)
    steps = torch.arange(-radius, radius + 2, device=places.device)
    columns = first.unsqueeze(-1) + steps  # (*, 2 r + 2)
    inside = (columns >= 0) & (columns < rows.size(-1))
    index = columns.clamp(0, rows.size(-1) - 1).long()
    taken = rows.gather(-1, index.expand(*rows.shape[:-1], -1)) * inside
    return torch.lerp(taken[..., :-1], taken[..., 1:], behind)


def lookup_rows(levels: Sequence[Tensor], places: Tensor, radius: int) -> Tensor:
    """Correlations around places between pixels, level by level.

    Args:
        levels: Correlations as :func:`row_pyramid` gives them.
        places: Column of each left pixel in the right view, in px of the first level.
        radius: Steps to either side ``r``.

    Shape:
        levels: ``(B, H, W, W')`` each; places: ``(B, H, W)``.
        returns: ``(B, len(levels) * (2 r + 1), H, W)``; 0 outside of the view.

    Example:
        >>> level = torch.tensor([[[[2., 4., 8.]]]])  # one left pixel
        >>> lookup_rows([level], torch.tensor([[[0.5]]]), radius=1).flatten()
        tensor([1., 3., 6.])
    """
    found = [
        lookup_around(level, places / 2**i, radius) for i, level in enumerate(levels)
    ]
    return torch.cat(found, dim=-1).permute(0, 3, 1, 2).contiguous()
