"""Metrics where each sample may have several classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from ...errors import check_at_least
from ...registry import METRICS
from ...structures import packed_field
from ..functional import (
    ClassCounts,
    PrecisionRecall,
    average_precision,
    count_positives,
    one_hot,
    positives,
    precision_recall_f1,
)
from ..functional.inputs import ArrayLike, as_tensor, check_same_length
from ..functional.precision_recall import Average
from .base import RowMetric, Sample, scores_of
from .single_label import check_items, item_names, named_results


def scores_and_target(data_samples: Sequence[Sample]) -> tuple[Tensor, Tensor]:
    """Predicted and true value of every class, each ``(B, K)``.

    Raises:
        ValueError: if there is no ``pred_score``, or neither ``gt_score`` nor
            ``gt_label``.
    """
    score = scores_of(data_samples, 'pred_score')
    if score is None:
        raise ValueError('pred_score is needed, but the model gives none')
    target = scores_of(data_samples, 'gt_score')
    if target is None:
        labels = packed_field(data_samples, 'gt_label')
        if labels is None:
            labels = [sample.get('gt_label') for sample in data_samples]
        if any(label is None for label in labels):
            raise ValueError('every sample needs gt_score or gt_label')
        target = one_hot(labels, score.size(1))
    return score, target.to(score.device)


@METRICS.register_module()
class MultiLabelMetric(RowMetric):
    """Precision, recall, F1 (per cent) and support of multi-label predictions.

    It reads ``pred_score``, and ``gt_score`` or ``gt_label``, of the data
    samples; a ``gt_score`` of -1 leaves the sample out of that class. The results are
    named ``multi-label/precision``, then
    ``_thr-0.30`` for a threshold other than 0.5 or ``_top2`` for ``topk``,
    then ``_micro`` or ``_classwise`` as ``average`` is.

    Args:
        thr: The least score of a class that is predicted; by default 0.5,
            unless ``topk`` is given. It takes precedence over ``topk``.
        topk: Number of best classes that are predicted.
        items: Which of ``'precision'``, ``'recall'``, ``'f1-score'`` and
            ``'support'`` to report.
        average: ``'macro'`` is the mean over classes, ``'micro'`` pools all
            samples, None reports a list with every class.
        collect_device: See :class:`RowMetric`.
        prefix: Stands before the names, instead of ``multi-label``.

    Raises:
        ValueError: if an item is unknown, or ``topk`` is below 1.

    Example:
        >>> from mmlite.structures import DataSample
        >>> metric = MultiLabelMetric(items=['recall'], topk=1)
        >>> sample = DataSample().set_gt_label([0, 1]).set_pred_score([0.1, 0.9])
        >>> metric.process(None, [sample])
        >>> metric.evaluate(1)
        {'multi-label/recall_top1': 50.0}
    """

    default_prefix = 'multi-label'
    ranks_classes = True

    def __init__(
        self,
        thr: float | None = None,
        topk: int | None = None,
        items: Sequence[str] = ('precision', 'recall', 'f1-score'),
        average: Average = 'macro',
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.thr = 0.5 if thr is None and topk is None else thr
        check_at_least(1, topk=topk)
        self.topk = topk
        self.items = check_items(items)
        self.average = average

    fields = staticmethod(scores_and_target)

    def rows(self, score: Tensor, target: Tensor) -> Tensor:
        """Classes predicted and present, bool, ``(B, 2, K)``."""
        chosen = positives(score, self.thr, self.topk) & (target != -1)
        return torch.stack([chosen, target == 1], dim=1)

    def summarise(self, rows: Tensor) -> Tensor:
        """Counts per class, ``(3, K)``."""
        return torch.stack(count_positives(rows[:, 0], rows[:, 1]))

    def compute_metrics(self, results: list[Tensor]) -> dict[str, float | list[float]]:
        """The results from the counts of all processes."""
        scores = precision_recall_f1(ClassCounts(*sum(results)), self.average)
        return named_results(scores, self.items, self._suffix(), self.average)

    def result_names(self) -> list[str]:
        """Those of the items."""
        return item_names(self.items, self._suffix(), self.average)

    def _suffix(self) -> str:
        if self.thr is None:
            return f'_top{self.topk}'
        return '' if self.thr == 0.5 else f'_thr-{self.thr:.2f}'

    @staticmethod
    def calculate(
        pred: ArrayLike,
        target: ArrayLike,
        pred_indices: bool = False,
        target_indices: bool = False,
        average: Average = 'macro',
        thr: float | None = None,
        topk: int | None = None,
        num_classes: int | None = None,
    ) -> PrecisionRecall:
        """The four numbers, from scores, or from the class indices per sample.

        Args:
            pred: Scores ``(B, K)``; with ``pred_indices``, class indices of
                each sample.
            target: Zeros and ones ``(B, K)``; with ``target_indices``, class
                indices of each sample.
            pred_indices: How to read ``pred``.
            target_indices: How to read ``target``.
            average: As in the class.
            thr: As in the class.
            topk: As in the class.
            num_classes: Number of classes, needed for indices.
        """
        if (pred_indices or target_indices) and num_classes is None:
            raise ValueError(
                'class indices do not say how many classes there are; give num_classes'
            )
        target = (
            one_hot(target, num_classes)
            if target_indices
            else as_tensor(target, 'target')
        )
        if pred_indices:
            chosen = one_hot(pred, num_classes) == 1
        else:
            score = as_tensor(pred, 'pred')
            default = 0.5 if thr is None and topk is None else thr
            chosen = positives(score, default, topk)
        check_same_length(chosen, target)
        target = target.to(chosen.device)
        counts = count_positives(chosen & (target != -1), target == 1)
        return precision_recall_f1(counts, average)


@METRICS.register_module()
class AveragePrecision(RowMetric):
    """Average precision of multi-label scores, in per cent.

    It reads ``pred_score``, and ``gt_score`` or ``gt_label``, of the data
    samples; a ``gt_score`` of -1 leaves the sample out of that class. The
    result is named ``multi-label/mAP``, or ``multi-label/AP_classwise``. All
    scores must be kept until the end, in main memory.

    Args:
        average: ``'macro'`` is the mean over classes, None reports a list.
        collect_device: See :class:`RowMetric`.
        prefix: Stands before the name, instead of ``multi-label``.

    Example:
        >>> from mmlite.structures import DataSample
        >>> metric = AveragePrecision(average=None)
        >>> sample = DataSample().set_gt_label([1]).set_pred_score([0.1, 0.9])
        >>> metric.process(None, [sample])
        >>> metric.evaluate(1)
        {'multi-label/AP_classwise': [0.0, 100.0]}
    """

    default_prefix = 'multi-label'

    def __init__(
        self,
        average: Literal['macro'] | None = 'macro',
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.average = average

    fields = staticmethod(scores_and_target)

    def rows(self, score: Tensor, target: Tensor) -> Tensor:
        """Predicted and true value of every class, ``(B, 2, K)``."""
        return torch.stack([score, target.to(score.dtype)], dim=1).cpu()

    def compute_metrics(self, results: list[Tensor]) -> dict[str, float | list[float]]:
        """The results from the rows of all processes."""
        score, target = torch.cat(results).unbind(dim=1)
        value = average_precision(score, target, self.average).tolist()
        return {self.result_names()[0]: value}

    def result_names(self) -> list[str]:
        """``mAP``, or ``AP_classwise`` where nothing is averaged."""
        return ['AP_classwise' if self.average is None else 'mAP']

    calculate = staticmethod(average_precision)
