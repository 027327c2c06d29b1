"""Correlations of a row of pixels with all of the other view's, and single ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from .precision import full_precision
from .transfer import numbers_like

__all__ = ['RowLookup', 'row_correlation', 'row_pyramid']


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
    with full_precision(left.device):
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


class RowLookup:
    """Entries of rows around places between them, at all levels of a pyramid at once.

    The steps around a place are whole, so all of them lie as far behind an entry, and
    one piece of a row has them all: it is copied as a whole, where a general resampling
    reads two entries a step. Zeros stand around each level, so that no piece has to be
    looked at whether it lies inside.

    Args:
        levels: What is looked up, as :func:`row_pyramid` gives it.
        radius: Steps to either side ``r``.

    Shape:
        levels: ``(*, W_i)`` each, ``L`` in number.
        places: ``(*)``, in entries of the first level; or 1 where all have the same.
        returns: ``(*, L, 2 r + 1)``; 0 outside of the rows.

    Example:
        >>> around = RowLookup([torch.tensor([2., 4., 8.])], radius=1)
        >>> around(torch.tensor(0.5))
        tensor([[1., 3., 6.]])
    """

    def __init__(self, levels: Sequence[Tensor], radius: int) -> None:
        self.radius = radius
        self._size = size = 2 * radius + 2
        self._rows = torch.cat([F.pad(level, (size, size)) for level in levels], dim=-1)
        widths = [level.size(-1) for level in levels]
        begins = [size + sum(widths[:i]) + 2 * size * i for i in range(len(widths))]
        self._widths = numbers_like(widths, self._rows, torch.int64)
        self._begins = numbers_like(begins, self._rows, torch.int64)
        scales = [0.5**i for i in range(len(widths))]
        self._scales = numbers_like(scales, self._rows)

    def __call__(self, places: Tensor) -> Tensor:
        """What stands around the places; see the class."""
        at = places.unsqueeze(-1) * self._scales
        first = at.floor()
        start = first.detach().long() - self.radius
        start = torch.minimum(start.clamp(min=-self._size), self._widths)
        start = (start + self._begins).expand(*self._rows.shape[:-1], -1)
        if torch.compiler.is_compiling() or torch.jit.is_tracing():
            index = _columns(start, self._size)
            taken = self._rows.gather(-1, index).unflatten(-1, (-1, self._size))
        else:
            taken = _Pieces.apply(self._rows, start, self._size)
        return torch.lerp(taken[..., :-1], taken[..., 1:], (at - first).unsqueeze(-1))


def _columns(start: Tensor, size: int) -> Tensor:
    """All places of the pieces, ``(*, L * size)``."""
    steps = torch.arange(size, device=start.device)
    return (start.unsqueeze(-1) + steps).flatten(-2)


class _Pieces(torch.autograd.Function):
    """Pieces of rows that begin at ``start``, copied one by one."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, start: Tensor, size: int) -> Tensor:
        ctx.save_for_backward(start)
        ctx.size, ctx.shape = size, rows.shape
        rows = rows.contiguous()
        every = torch.arange(0, rows.numel(), rows.size(-1), device=rows.device)
        begin = start + every.view(*rows.shape[:-1], 1)
        pieces = rows.as_strided((rows.numel() - size + 1, size), (1, 1))
        return pieces.index_select(0, begin.flatten()).view(*start.shape, size)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (start,) = ctx.saved_tensors
        rows = grad.new_zeros(ctx.shape)
        index = _columns(start, ctx.size)
        return rows.scatter_add_(-1, index, grad.flatten(-2)), None, None
