"""Precision, recall and F1 of each class, or averaged over classes."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from ...errors import check_choice
from .inputs import ArrayLike, as_tensor, check_labels, check_same_length

Average = Literal['macro', 'micro'] | None


class ClassCounts(NamedTuple):
    """Numbers from which precision and recall follow; they add up over batches.

    Args:
        hits: Samples of the class that are predicted as it.
        predicted: Samples that are predicted as the class.
        actual: Samples of the class.

    Shape:
        each: int64, ``(K, )``.
    """

    hits: Tensor
    predicted: Tensor
    actual: Tensor


class PrecisionRecall(NamedTuple):
    """The result, in per cent but for ``support``, which is a number of samples."""

    precision: Tensor
    recall: Tensor
    f1_score: Tensor
    support: Tensor


def count_labels(pred: Tensor, target: Tensor, num_classes: int) -> ClassCounts:
    """Counts of single-label predictions.

    Args:
        pred: Predicted class indices; -1 is no prediction at all.
        target: True class indices.
        num_classes: Number of classes ``K``.

    Shape:
        pred, target: ``(B, )``.
    """
    check_labels(target, num_classes)
    made = pred[pred >= 0]
    check_labels(made, num_classes)
    return ClassCounts(
        hits=torch.bincount(target[pred == target], minlength=num_classes),
        predicted=torch.bincount(made, minlength=num_classes),
        actual=torch.bincount(target, minlength=num_classes),
    )


def count_positives(pred: Tensor, target: Tensor) -> ClassCounts:
    """Counts of multi-label predictions.

    Args:
        pred: Whether each class is predicted.
        target: Whether each class is present.

    Shape:
        pred, target: bool, ``(B, K)``.
    """
    return ClassCounts((pred & target).sum(0), pred.sum(0), target.sum(0))


def positives(
    score: Tensor, thr: float | None = None, topk: int | None = None
) -> Tensor:
    """The classes that count as predicted.

    Args:
        score: Score of every class.
        thr: The least score that counts; it takes precedence over ``topk``.
        topk: How many of the best classes count.

    Shape:
        score: ``(B, K)``; returns: bool, ``(B, K)``.

    Raises:
        ValueError: if neither is given, or there are fewer than ``topk`` classes.
    """
    if thr is not None:
        return score >= thr
    if topk is None:
        raise ValueError('scores become predictions by thr or by topk; give one')
    if topk > score.size(1):
        raise ValueError(f'topk={topk}, but there are {score.size(1)} classes')
    best = score.topk(topk, dim=1).indices
    return torch.zeros_like(score, dtype=torch.bool).scatter_(1, best, True)


def precision_recall_f1(
    counts: ClassCounts, average: Average = 'macro'
) -> PrecisionRecall:
    """Precision, recall, F1 and support from counts.

    A class that is never predicted has precision 0, one that never occurs
    recall 0, as in scikit-learn with ``zero_division=0``.

    Args:
        counts: Counts of each class.
        average: ``'macro'`` is the mean over classes, ``'micro'`` pools all
            samples, None gives every class.

    Shape:
        each of the four: scalar, or ``(K, )`` if ``average`` is None.

    Example:
        >>> counts = count_labels(torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1]), 2)
        >>> precision_recall_f1(counts, average=None).recall
        tensor([ 50., 100.], dtype=torch.float64)
    """
    check_choice(('macro', 'micro', None), average=average)
    if average == 'micro':
        counts = ClassCounts(*(count.sum() for count in counts))
    hits, predicted, actual = (count.double() for count in counts)
    precision = hits / predicted.clamp(min=1) * 100
    recall = hits / actual.clamp(min=1) * 100
    # 2PR / (P + R), written so that it is 0 where there is nothing to divide
    f1_score = 2 * hits / (predicted + actual).clamp(min=1) * 100
    result = PrecisionRecall(precision, recall, f1_score, counts.actual)
    if average == 'macro':
        means = (value.mean() for value in result[:3])
        result = PrecisionRecall(*means, counts.actual.sum())
    return result


def single_label_scores(
    pred: ArrayLike,
    target: ArrayLike,
    thr: float | None = None,
    average: Average = 'macro',
    num_classes: int | None = None,
) -> PrecisionRecall:
    """Precision, recall and F1 where each sample has one class.

    Args:
        pred: Score of every class, or the predicted class indices.
        target: True class indices.
        thr: The score that the best class must exceed to count as predicted.
        average: As in :func:`precision_recall_f1`.
        num_classes: Number of classes; by default the number of scores.

    Shape:
        pred: ``(B, K)`` or ``(B, )``; target: ``(B, )``.

    Raises:
        ValueError: if ``num_classes`` is not given for class indices.
    """
    pred, target = as_tensor(pred, 'pred'), as_tensor(target, 'target').long()
    check_same_length(pred, target)
    if pred.ndim == 2:
        num_classes = num_classes or pred.size(1)
        pred = best_labels(pred, (thr,))[:, 0]
    elif num_classes is None:
        raise ValueError(
            'predicted labels do not say how many classes there are; give num_classes'
        )
    counts = count_labels(pred.long(), target.to(pred.device), num_classes)
    return precision_recall_f1(counts, average)


def best_labels(score: Tensor, thrs: tuple[float | None, ...]) -> Tensor:
    """The best class under each threshold, -1 where its score does not exceed it.

    Shape:
        score: ``(B, K)``; returns: int64, ``(B, len(thrs))``.
    """
    best, label = score.max(dim=1)
    none = torch.full_like(label, -1)
    kept = [label if thr is None else label.where(best > thr, none) for thr in thrs]
    return torch.stack(kept, dim=1)
