"""How well a ranking finds what belongs to a query."""

from __future__ import annotations

import torch
from torch import Tensor

from .inputs import ArrayLike, as_tensor

__all__ = ['AP_MODES', 'hits_of', 'ranked', 'ranking_precision', 'relevant']

AP_MODES = ('IR', 'integrate')


def ranked(scores: ArrayLike, k: int | None = None) -> Tensor:
    """The places of the highest scores, the best first, the first of equal ones first.

    Args:
        scores: ``(*, M)``.
        k: How many; all by default.

    Example:
        >>> ranked([0.1, 0.7, 0.2, 0.7])
        tensor([1, 3, 2, 0])
    """
    order = as_tensor(scores, 'pred').sort(dim=-1, descending=True, stable=True).indices
    return order if k is None else order[..., :k]


def relevant(target: ArrayLike) -> Tensor:
    """The places with a positive entry.

    Args:
        target: One-hot or multi-hot, ``(M, )``.

    Example:
        >>> relevant([0, 1, 0, 1])
        tensor([1, 3])
    """
    return as_tensor(target, 'target').nonzero().flatten()


def hits_of(pred: ArrayLike, target: ArrayLike) -> Tensor | None:
    """Where a ranking has what is relevant; None if nothing is.

    Args:
        pred: Places in the gallery, the best first, ``(k, )``.
        target: Places that are relevant, ``(R, )``.

    Example:
        >>> hits_of([4, 2, 7], [7, 4])
        tensor([ True, False,  True])
    """
    target = as_tensor(target, 'target')
    if not target.numel():
        return None
    pred = as_tensor(pred, 'pred').to(target.device)
    return torch.isin(pred.long(), target.long())


def ranking_precision(hits: Tensor, relevant: int, mode: str = 'IR') -> float:
    """The average precision of a ranking, a fraction.

    The sum of the precisions at the hits, over the number of what is relevant in the
    whole gallery: what the ranking leaves out counts as not found.

    References: https://en.wikipedia.org/wiki/Evaluation_measures_(information_retrieval)
    for ``'IR'``; https://www.robots.ox.ac.uk/~vgg/data/oxbuildings/ for
    ``'integrate'``, which takes the mean of the precisions before and at each hit.

    Args:
        hits: Where the ranking has a relevant one, ``(k, )``.
        relevant: How many are relevant.
        mode: ``'IR'`` or ``'integrate'``.

    Example:
        >>> hits = torch.tensor([True, False, True, False, False])
        >>> round(ranking_precision(hits, relevant=2), 4)
        0.8333
        >>> round(ranking_precision(hits, relevant=2, mode='integrate'), 4)
        0.7917
    """
    places = hits.nonzero().flatten().double()
    found = torch.arange(len(places), device=hits.device)
    precision = (found + 1) / (places + 1)
    if mode == 'integrate':
        before = torch.where(places > 0, found / places.clamp(min=1), 1.0)
        precision = (before + precision) / 2
    return float(precision.sum() / relevant)
