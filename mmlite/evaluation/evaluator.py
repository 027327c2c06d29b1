"""Several metrics over one pass of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.evaluator import BaseMetric
from mmengine.evaluator import Evaluator as BaseEvaluator
from mmengine.structures import BaseDataElement

from ..errors import ConfigError
from ..registry import EVALUATORS, METRICS
from .metrics import RowMetric, SampleMetric


@EVALUATORS.register_module(force=True)
class Evaluator(BaseEvaluator):
    """Feeds the predictions of each batch to one or several metrics.

    Differs from mmengine's in that data samples reach our own metrics as they
    are; only metrics of other packages need them copied into dicts.

    Args:
        metrics: A metric, or a sequence of them, built or as config dicts.

    Example:
        >>> from mmlite.structures import DataSample
        >>> evaluator = Evaluator([dict(type='Accuracy'), dict(type='ConfusionMatrix')])
        >>> evaluator.process([DataSample().set_gt_label(1).set_pred_score([.4, .6])])
        >>> evaluator.evaluate(1)['accuracy/top1']
        100.0
    """

    def __init__(
        self, metrics: Mapping | BaseMetric | Sequence[Mapping | BaseMetric]
    ) -> None:
        if not isinstance(metrics, Sequence):
            metrics = [metrics]
        super().__init__(
            [m if isinstance(m, BaseMetric) else METRICS.build(m) for m in metrics]
        )

    def process(
        self,
        data_samples: Sequence[BaseDataElement | Mapping[str, Any]],
        data_batch: Any = None,
    ) -> None:
        """Hand one batch of predictions to every metric.

        Args:
            data_samples: Predictions and ground truth, one entry per sample.
            data_batch: The batch as it came from the data loader.
        """
        dicts = None
        for metric in self.metrics:
            if isinstance(metric, (RowMetric, SampleMetric)):
                metric.process(data_batch, data_samples)
                continue
            dicts = dicts or [_as_dict(sample) for sample in data_samples]
            metric.process(data_batch, dicts)

    def evaluate(self, size: int) -> dict[str, Any]:
        """The results of all metrics.

        Args:
            size: Number of samples in the dataset.

        Raises:
            ConfigError: if two metrics give a result of the same name.
        """
        results: dict[str, Any] = {}
        for metric in self.metrics:
            found = metric.evaluate(size)
            for name in found.keys() & results.keys():
                raise ConfigError(
                    f'two metrics give {name!r}; give one of them a prefix of its own, '
                    f"e.g. dict(type='{type(metric).__name__}', prefix='second', ...)"
                )
            results.update(found)
        return results


def _as_dict(sample: BaseDataElement | Mapping[str, Any]) -> Mapping[str, Any]:
    return sample.to_dict() if isinstance(sample, BaseDataElement) else sample
