"""Top-k accuracy."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ...registry import METRICS
from ..functional import accuracy, topk_hits
from .base import (
    RowMetric,
    as_thresholds,
    target_and_prediction,
    threshold_suffixes,
)


@METRICS.register_module()
class Accuracy(RowMetric):
    """The share of samples whose true class is among the best k, in per cent.

    It reads ``gt_label`` and ``pred_score`` of the data samples, or
    ``pred_label`` where there is no score. The results are named
    ``accuracy/top1``, ``accuracy/top5``, ...; with several thresholds
    ``accuracy/top1_thr-0.50`` and, for None, ``accuracy/top1_no-thr``.

    Args:
        topk: Each k to report.
        thrs: The score, or scores, that a class must exceed to count. None
            lets every class count.
        collect_device: See :class:`RowMetric`.
        prefix: Stands before the names, instead of ``accuracy``.

    Raises:
        ValueError: if a k is not a positive number.
        DataError: when processing, if there are fewer classes than the
            largest k, or a sample has no ``gt_label``.

    Example:
        >>> from mmlite.structures import DataSample
        >>> metric = Accuracy(topk=(1, 2))
        >>> sample = DataSample().set_gt_label(0).set_pred_score([0.2, 0.5, 0.3])
        >>> metric.process(None, [sample])
        >>> metric.evaluate(1)
        {'accuracy/top1': 0.0, 'accuracy/top2': 0.0}
    """

    default_prefix = 'accuracy'
    ranks_classes = True

    def __init__(
        self,
        topk: int | Sequence[int] = (1,),
        thrs: float | Sequence[float | None] | None = 0.0,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.topk = (topk,) if isinstance(topk, int) else tuple(topk)
        self.thrs = as_thresholds(thrs)
        if not self.topk or min(self.topk) < 1:
            raise ValueError(f'topk must be positive numbers, got {self.topk}')
        self._num_classes = 0
        self._unknown: Tensor | int = 0  # labels that are no class

    fields = staticmethod(target_and_prediction)

    def rows(self, target: Tensor, prediction: Tensor) -> Tensor:
        """Whether each sample is right, bool, ``(B, len(topk), len(thrs))``."""
        if not self.results:
            self._unknown = 0
        if prediction.ndim == 2:
            self._num_classes = prediction.size(1)
            unknown = (target < 0) | (target >= prediction.size(1))
            self._unknown = self._unknown + unknown.sum()
            return topk_hits(prediction, target, self.topk, self.thrs)
        if self.topk != (1,):
            raise ValueError(
                f'topk={self.topk} needs the pred_score of every class, but the '
                'model gives pred_label only; set topk=1'
            )
        return (prediction == target.to(prediction.device)).view(-1, 1, 1)

    def summarise(self, rows: Tensor) -> tuple[Tensor, int]:
        """Number of samples that are right, and of all.

        Raises:
            ValueError: if a label is no class, of which no prediction is right.
        """
        if unknown := int(self._unknown):
            raise ValueError(
                f'{unknown} of {len(rows)} samples have a label that is no class of '
                f'the model, which go from 0 to {self._num_classes - 1}; set '
                'model.head.num_classes to the number of classes in the data, or '
                'correct the labels'
            )
        return rows.sum(dim=0), len(rows)

    def compute_metrics(self, results: list[tuple[Tensor, int]]) -> dict[str, float]:
        """The results from what :meth:`summarise` gave in each process."""
        right = sum(hits for hits, _ in results).double()
        shares = right / max(1, sum(count for _, count in results)) * 100
        if shares.size(1) != len(self.thrs):  # from labels: no threshold applies
            return {'top1': shares.item()}
        return dict(zip(self._names(), shares.flatten().tolist(), strict=True))

    def result_names(self) -> list[str]:
        """``top1`` and so on, for each threshold if there are several."""
        of_labels = ['top1'] if self.topk == (1,) and len(self.thrs) > 1 else []
        return [*self._names(), *of_labels]

    def _names(self) -> list[str]:
        suffixes = threshold_suffixes(self.thrs)
        return [f'top{k}{suffix}' for k in self.topk for suffix in suffixes]

    calculate = staticmethod(accuracy)
