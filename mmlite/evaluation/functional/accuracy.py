"""The share of samples that are predicted right."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .inputs import ArrayLike, as_tensor, check_labels, check_same_length


def topk_hits(
    pred: Tensor,
    target: Tensor,
    topk: Sequence[int] = (1,),
    thrs: Sequence[float | None] = (0.0,),
) -> Tensor:
    """Whether the true class is among the best ``k`` classes, sample by sample.

    Args:
        pred: Score of every class.
        target: True class indices.
        topk: Each ``k`` to look at.
        thrs: Each score that a class must exceed to count; None lets all count.

    Shape:
        pred: ``(B, K)``; target: ``(B, )``.
        returns: bool, ``(B, len(topk), len(thrs))``.

    Raises:
        ValueError: if there are fewer classes than the largest ``k``.
    """
    num_classes = pred.size(1)
    if max(topk) > num_classes:
        raise ValueError(
            f'top-{max(topk)} accuracy needs at least {max(topk)} classes, but '
            f'pred has {num_classes}; drop it from topk={tuple(topk)}'
        )
    target = target.to(pred.device)
    if max(topk) == 1:  # several times as fast
        scores, labels = pred.max(dim=1)
        per_thr = _above(labels == target, scores, thrs)
        return per_thr.unsqueeze(1).expand(-1, len(topk), -1)
    scores, labels = pred.topk(max(topk), dim=1)
    per_thr = _above(labels == target.unsqueeze(1), scores, thrs)
    return torch.stack([per_thr[:, :k].any(dim=1) for k in topk], dim=1)


def _above(right: Tensor, scores: Tensor, thrs: Sequence[float | None]) -> Tensor:
    """What is right and scores more than each threshold, ``(*, len(thrs))``."""
    per_thr = [right if thr is None else right & (scores > thr) for thr in thrs]
    if len(per_thr) == 1:
        return per_thr[0].unsqueeze(-1)
    return torch.stack(per_thr, dim=-1)


def accuracy(
    pred: ArrayLike,
    target: ArrayLike,
    topk: Sequence[int] = (1,),
    thrs: Sequence[float | None] = (0.0,),
) -> Tensor:
    """Top-k accuracy in per cent.

    Args:
        pred: Score of every class, or the predicted class indices; then
            ``topk`` and ``thrs`` have no meaning.
        target: True class indices.
        topk: Each ``k`` to report.
        thrs: Each score that a class must exceed to count; None lets all count.

    Shape:
        pred: ``(B, K)`` or ``(B, )``; target: ``(B, )``.
        returns: ``(len(topk), len(thrs))``, or ``(1, )`` for class indices.

    Raises:
        ValueError: if lengths differ, a label is no class, or there are fewer classes
            than the largest ``k``.

    Example:
        >>> score = torch.tensor([[0.7, 0.3], [0.4, 0.6]])
        >>> accuracy(score, [0, 0], topk=(1, 2))
        tensor([[ 50.],
                [100.]])
    """
    pred, target = as_tensor(pred, 'pred'), as_tensor(target, 'target')
    check_same_length(pred, target)
    if pred.ndim == 1:
        right = (pred.long() == target.to(pred.device)).unsqueeze(1)
    else:
        check_labels(target, pred.size(1))
        right = topk_hits(pred, target, topk, thrs)
    return right.float().mean(dim=0) * 100
