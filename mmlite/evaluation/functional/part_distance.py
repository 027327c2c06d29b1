"""Distances of embeddings in parts, a bounded piece at a time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from ...errors import check_choice

__all__ = ['distance_chunks', 'part_distances']

METRICS = ('euc', 'cos')
_NUMBERS = 2**22  # of one piece of the distances


def part_distances(probe: Tensor, gallery: Tensor, metric: str = 'euc') -> Tensor:
    """The mean over the parts of the distance of each probe to all of a gallery.

    Args:
        probe: Embeddings.
        gallery: Embeddings.
        metric: ``'euc'``, or ``'cos'`` for 1 minus the mean cosine.

    Shape:
        probe: ``(N, D, P)``, or ``(N, D)`` of one part; gallery: ``(M, D, P)``.
        returns: ``(N, M)``.

    Raises:
        ValueError: if the metric is another one.

    Example:
        >>> x = torch.tensor([[[0.0, 0.0]], [[3.0, 1.0]]])
        >>> part_distances(x, x)
        tensor([[0., 2.],
                [2., 0.]])
    """
    pieces = [piece for _, piece in distance_chunks(probe, gallery, metric)]
    return torch.cat(pieces) if pieces else probe.new_zeros(0, len(gallery))


def distance_chunks(
    probe: Tensor, gallery: Tensor, metric: str = 'euc'
) -> Iterator[tuple[slice, Tensor]]:
    """The rows of :func:`part_distances` some at a time, with their places.

    Beside one copy of the gallery no more is kept than a piece of the distances.
    """
    check_choice(METRICS, metric=metric)
    if not len(probe) or not len(gallery):
        return
    # Distances do not change when all moves, but far from 0 squares would cancel out.
    centre = gallery.float().mean(dim=0, keepdim=True) if metric == 'euc' else 0
    columns = _in_parts(gallery - centre, metric)
    squares = columns.square().sum(dim=2)[:, None]
    step = max(1, _NUMBERS // len(gallery))
    for start in range(0, len(probe), step):
        rows = _in_parts(probe[start : start + step] - centre, metric)
        total = rows.new_zeros(rows.size(1), len(gallery))
        for own, others, square in zip(rows, columns, squares, strict=True):
            dots = own @ others.T
            if metric == 'euc':
                dots = dots.mul_(-2).add_(square).add_(own.square().sum(1, True))
                dots = dots.clamp_(min=0).sqrt_()
            total += dots
        total /= len(rows)
        yield slice(start, start + step), 1 - total if metric == 'cos' else total


def _in_parts(embeddings: Tensor, metric: str) -> Tensor:
    """``(P, N, D)``, float32, of length 1 for cosines."""
    if embeddings.ndim == 2:
        embeddings = embeddings[..., None]
    parts = embeddings.permute(2, 0, 1).contiguous().float()
    return F.normalize(parts, dim=2) if metric == 'cos' else parts
