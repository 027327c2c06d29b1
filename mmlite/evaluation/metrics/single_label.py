"""Precision, recall and F1 where each sample has one class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...errors import did_you_mean
from ...registry import METRICS
from ..functional import (
    ClassCounts,
    PrecisionRecall,
    best_labels,
    count_labels,
    precision_recall_f1,
    single_label_scores,
)
from ..functional.inputs import ArrayLike
from ..functional.precision_recall import Average
from .base import (
    RowMetric,
    as_thresholds,
    target_and_prediction,
    threshold_suffixes,
)

ITEMS = ('precision', 'recall', 'f1-score', 'support')


def check_items(items: Sequence[str]) -> tuple[str, ...]:
    """The items as a tuple.

    Raises:
        ValueError: if one is not known.
    """
    for item in items:
        if item not in ITEMS:
            hint = did_you_mean(item, ITEMS) or f'; it is one of {", ".join(ITEMS)}'
            raise ValueError(f'items has an unknown entry {item!r}{hint}')
    return tuple(items)


def named_results(
    scores: PrecisionRecall, items: Sequence[str], suffix: str, average: Average
) -> dict[str, float | list[float]]:
    """The items that are asked for, under mmpretrain's names."""
    values = dict(zip(ITEMS, scores, strict=True))
    names = item_names(items, suffix, average)
    return {n: values[i].tolist() for n, i in zip(names, items, strict=True)}


def item_names(items: Sequence[str], suffix: str, average: Average) -> list[str]:
    """What the items are called as results."""
    end = {None: '_classwise', 'micro': '_micro', 'macro': ''}[average]
    return [f'{item}{suffix}{end}' for item in items]


@METRICS.register_module()
class SingleLabelMetric(RowMetric):
    """Precision, recall, F1 (per cent) and support of single-label predictions.

    It reads ``gt_label`` and ``pred_score`` of the data samples, or
    ``pred_label`` where there is no score. The results are named
    ``single-label/precision``, with ``_thr-0.50`` or ``_no-thr`` appended for
    several thresholds, then ``_micro`` or ``_classwise`` as ``average`` is.

    Args:
        thrs: The score, or scores, that the best class must exceed to count
            as predicted. None lets it always count.
        items: Which of ``'precision'``, ``'recall'``, ``'f1-score'`` and
            ``'support'`` to report.
        average: ``'macro'`` is the mean over classes, ``'micro'`` pools all
            samples, None reports a list with every class.
        num_classes: Number of classes; by default the number of scores.
        collect_device: See :class:`RowMetric`.
        prefix: Stands before the names, instead of ``single-label``.

    Raises:
        ValueError: if an item is unknown.
        DataError: when evaluating, if ``num_classes`` is not known or too
            small for the labels.

    Example:
        >>> from mmlite.structures import DataSample
        >>> metric = SingleLabelMetric(items=['recall'], average=None)
        >>> sample = DataSample().set_gt_label(0).set_pred_score([0.4, 0.6])
        >>> metric.process(None, [sample])
        >>> metric.evaluate(1)
        {'single-label/recall_classwise': [0.0, 0.0]}
    """

    default_prefix = 'single-label'

    def __init__(
        self,
        thrs: float | Sequence[float | None] | None = 0.0,
        items: Sequence[str] = ('precision', 'recall', 'f1-score'),
        average: Average = 'macro',
        num_classes: int | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.thrs = as_thresholds(thrs)
        self.items = check_items(items)
        self.average = average
        self.num_classes = num_classes

    fields = staticmethod(target_and_prediction)

    def rows(self, target: Tensor, prediction: Tensor) -> Tensor:
        """True class, then the predicted one per threshold, int64, ``(B, 1 + *)``."""
        if prediction.ndim == 2:
            self.num_classes = self.num_classes or prediction.size(1)
            labels = best_labels(prediction, self.thrs)
        else:
            labels = prediction.unsqueeze(1)
        return torch.cat([target.to(labels.device).unsqueeze(1), labels], dim=1)

    def summarise(self, rows: Tensor) -> Tensor:
        """Counts per threshold and class, ``(*, 3, K)``."""
        if self.num_classes is None:
            raise ValueError(
                'the model gives pred_label only, which does '
                'not say how many classes there are; set num_classes'
            )
        target, *predictions = rows.unbind(dim=1)
        counts = [count_labels(pred, target, self.num_classes) for pred in predictions]
        return torch.stack([torch.stack(count) for count in counts])

    def compute_metrics(self, results: list[Tensor]) -> dict[str, float | list[float]]:
        """The results from the counts of all processes."""
        counts = sum(results)
        # Predictions that came as labels have no score for a threshold.
        thrs = self.thrs if len(counts) == len(self.thrs) else (None,)
        metrics = {}
        for suffix, count in zip(threshold_suffixes(thrs), counts, strict=True):
            scores = precision_recall_f1(ClassCounts(*count), self.average)
            metrics.update(named_results(scores, self.items, suffix, self.average))
        return metrics

    def result_names(self) -> list[str]:
        """Those of the items, for each threshold if there are several."""
        suffixes = {*threshold_suffixes(self.thrs), ''}
        return [
            name
            for suffix in sorted(suffixes)
            for name in item_names(self.items, suffix, self.average)
        ]

    @staticmethod
    def calculate(
        pred: ArrayLike,
        target: ArrayLike,
        thrs: Sequence[float | None] = (0.0,),
        average: Average = 'macro',
        num_classes: int | None = None,
    ) -> list[PrecisionRecall] | PrecisionRecall:
        """The four numbers for each threshold, or once for predicted labels."""
        if _is_scores(pred):
            return [
                single_label_scores(pred, target, thr, average, num_classes)
                for thr in thrs
            ]
        return single_label_scores(pred, target, None, average, num_classes)


def _is_scores(pred: ArrayLike) -> bool:
    return torch.as_tensor(pred).ndim == 2
