"""Metrics of several labels an image, some of which are marked as difficult."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ...registry import METRICS
from .base import Sample
from .multi_label import AveragePrecision, MultiLabelMetric, scores_and_target


class _Difficult:
    """What counts as the ground truth of a class that an image shows with difficulty.

    Args:
        args: Arguments of the metric.
        difficult_as_positive: True takes it as shown, False as not shown; None leaves
            the image out of that class.
        kwargs: Arguments of the metric.
    """

    def __init__(
        self, *args: Any, difficult_as_positive: bool | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.difficult_as_positive = difficult_as_positive

    def fields(self, data_samples: Sequence[Sample]) -> tuple[Tensor, Tensor]:
        """Predicted and true value of every class, each ``(B, K)``.

        Raises:
            ValueError: if a sample has no ``gt_label_difficult``.
        """
        score, target = scores_and_target(data_samples)
        if self.difficult_as_positive is False:
            return score, target
        target = target.clone()
        for row, sample in zip(target, data_samples, strict=True):
            labels = sample.get('gt_label_difficult')
            if labels is None:
                raise ValueError(
                    'every sample needs gt_label_difficult, as the dataset VOC gives '
                    'it; add it to meta_keys of PackInputs, or use the metric without '
                    'VOC in its name'
                )
            hard = torch.zeros_like(row, dtype=torch.bool)
            hard[torch.as_tensor(labels, dtype=torch.long, device=row.device)] = True
            # A class may have both, and is plainly there then.
            row[hard & (row != 1)] = 1 if self.difficult_as_positive else -1
        return score, target


@METRICS.register_module()
class VOCMultiLabelMetric(_Difficult, MultiLabelMetric):
    """Precision, recall and F1 on Pascal VOC, whose labels may be difficult.

    Paper: The Pascal Visual Object Classes (VOC) Challenge, IJCV 2010.

    Args:
        args: Arguments of :class:`MultiLabelMetric`.
        difficult_as_positive: Whether a class whose objects in an image are all
            difficult counts as there; None leaves the image out of that class.
        kwargs: Arguments of :class:`MultiLabelMetric`.

    Raises:
        DataError: if a sample has no ``gt_label_difficult``.

    Example:
        >>> from mmlite.structures import DataSample
        >>> metric = VOCMultiLabelMetric(items=['precision'], average='micro')
        >>> sample = DataSample(metainfo=dict(gt_label_difficult=[1]))
        >>> sample = sample.set_gt_label([0]).set_pred_score([0.9, 0.9, 0.9])
        >>> metric.process(None, [sample])
        >>> metric.evaluate(1)
        {'multi-label/precision_micro': 50.0}
    """


@METRICS.register_module()
class VOCAveragePrecision(_Difficult, AveragePrecision):
    """Average precision on Pascal VOC, whose labels may be difficult.

    Args:
        args: Arguments of :class:`AveragePrecision`.
        difficult_as_positive: Whether a class whose objects in an image are all
            difficult counts as there; None leaves the image out of that class.
        kwargs: Arguments of :class:`AveragePrecision`.

    Raises:
        DataError: if a sample has no ``gt_label_difficult``.

    Example:
        >>> from mmlite.structures import DataSample
        >>> metric = VOCAveragePrecision(average=None)
        >>> for score, hard in ((0.9, [0]), (0.8, [])):
        ...     sample = DataSample(metainfo=dict(gt_label_difficult=hard))
        ...     label = [] if hard else [0]
        ...     sample = sample.set_gt_label(label).set_pred_score([score])
        ...     metric.process(None, [sample])
        >>> metric.evaluate(2)
        {'multi-label/AP_classwise': [100.0]}
    """
