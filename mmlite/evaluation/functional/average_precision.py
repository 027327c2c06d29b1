"""Average precision of multi-label scores."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ...errors import check_choice
from .inputs import ArrayLike, as_tensor


def average_precision(
    pred: ArrayLike, target: ArrayLike, average: Literal['macro'] | None = 'macro'
) -> Tensor:
    """Average precision in per cent.

    For each class, the samples are ranked by score, and the precision at each
    sample that has the class is averaged (no interpolation). A class without
    any such sample has 0. Samples of equal score come together: the precision of each
    is that behind the last of them, as in scikit-learn, so that the order of the
    samples does not count.

    Args:
        pred: Score of every class.
        target: 1 where the class is present, 0 where it is not, -1 where that
            is unknown (such samples are left out of that class).
        average: ``'macro'`` is the mean over classes (mAP), None gives each.

    Shape:
        pred, target: ``(B, K)``; returns: scalar or ``(K, )``.

    Raises:
        ValueError: if shapes differ or ``average`` is neither.

    Example:
        >>> average_precision([[0.9], [0.8], [0.1]], [[1], [0], [1]])
        tensor(83.3333, dtype=torch.float64)
    """
    check_choice(('macro', None), average=average)
    pred, target = as_tensor(pred, 'pred'), as_tensor(target, 'target')
    if pred.ndim != 2 or pred.shape != target.shape:
        raise ValueError(
            'pred and target must both be (samples, classes), '
            f'got {tuple(pred.shape)} and {tuple(target.shape)}'
        )
    scores, order = pred.sort(dim=0, descending=True, stable=True)
    ranked = target.to(pred.device).gather(0, order)
    present = (ranked == 1).double()
    seen = (ranked >= 0).double().cumsum(0)  # rank among the samples that are known
    precision = (present.cumsum(0) / seen.clamp(min=1)).gather(0, _ends(scores))
    total = present.sum(0)
    result = (precision * present).sum(0) / total.clamp(min=1) * 100
    return result if average is None else torch.mean(result)


def _ends(scores: Tensor) -> Tensor:
    """The place of the last score that is equal to each, in falling columns."""
    places = torch.arange(len(scores), device=scores.device)[:, None].expand_as(scores)
    last = torch.ones_like(scores, dtype=torch.bool)
    last[:-1] = scores[:-1] != scores[1:]
    places = places.masked_fill(~last, len(scores))
    return places.flip(0).cummin(dim=0).values.flip(0)
