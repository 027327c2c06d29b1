"""How well features separate classes, without training a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from ...errors import DataError, check_at_least, check_positive
from ...registry import METRICS
from ..functional import others_labels
from .base import RowMetric, Sample, labels_of, scores_of

__all__ = ['KNNAccuracy']


@METRICS.register_module()
class KNNAccuracy(RowMetric):
    """How often the nearest neighbours of an image name its class, in per cent.

    The neighbours are the other images of the validation (leave one out, ``loo`` in the
    name of the result): it needs labels, but no classifier, so that it shows how a
    pretraining goes. ``mmlite knn`` takes the neighbours from the training images, and
    gives another figure, ``knn/top1``.

    Args:
        k: Number of neighbours.
        temperature: The less, the more the nearest ones count.
        collect_device: Kept for mmengine's sake.
        prefix: Stands before the names of the results, instead of ``knn``.

    Raises:
        ValueError: if a number is not positive.

    Example:
        >>> from mmlite.structures import DataSample
        >>> metric = KNNAccuracy(k=1)
        >>> points = [[1., 0.], [1., .1], [0., 1.], [.1, 1.]]
        >>> metric.process(None, [
        ...     DataSample(pred_embedding=torch.tensor(x)).set_gt_label(i // 2)
        ...     for i, x in enumerate(points)])
        >>> metric.evaluate(4)
        {'knn/loo_top1': 100.0}
    """

    default_prefix = 'knn'
    takes_features: ClassVar[bool] = True

    def __init__(
        self,
        k: int = 20,
        temperature: float = 0.07,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix)
        check_at_least(1, k=k)
        check_positive(temperature=temperature)
        self.k = k
        self.temperature = temperature

    def fields(self, data_samples: Sequence[Sample]) -> tuple[Tensor, Tensor]:
        """The features and the labels."""
        features = scores_of(data_samples, 'pred_embedding')
        if features is None:
            raise DataError(
                'the samples have no pred_embedding; the metric is for models that '
                'give features, as self-supervised ones do'
            )
        return features, labels_of(data_samples, 'gt_label')

    def rows(self, features: Tensor, labels: Tensor) -> Tensor:
        """Each feature, and its label behind it."""
        return torch.cat((features.float().cpu(), labels.float().cpu()[:, None]), dim=1)

    def compute_metrics(self, parts: list[Tensor]) -> dict[str, float]:
        """The share of images whose neighbours name their class."""
        rows = torch.cat(parts)
        features, labels = rows[:, :-1], rows[:, -1].long()
        found = others_labels(features, labels, self.k, self.temperature)
        return dict(loo_top1=100 * (found == labels).double().mean().item())

    def result_names(self) -> list[str]:
        """``loo_top1``."""
        return ['loo_top1']
