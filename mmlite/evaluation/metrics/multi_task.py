"""Metrics for each of several tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mmengine.dist import all_gather_object
from mmengine.evaluator import BaseMetric

from ...errors import DataError, at
from ...registry import METRICS
from .base import Sample, own_share


@METRICS.register_module()
class MultiTasksMetric(BaseMetric):
    """Judge each task by metrics of its own, on the images that have its labels.

    The results are named ``<task>_<name of the metric's result>``.

    Args:
        task_metrics: The configs of the metrics of each task.
        collect_device: Kept for mmengine's sake.

    Raises:
        DataError: if the model gives nothing for a task, or two results have one name.

    Example:
        >>> from mmlite.structures import DataSample
        >>> metric = MultiTasksMetric(dict(gender=[dict(type='Accuracy')]))
        >>> own = DataSample(metainfo=dict(eval_mask=True))
        >>> own = own.set_gt_label(1).set_pred_score([0.2, 0.8])
        >>> metric.process(None, [DataSample(gender=own)])
        >>> metric.evaluate(1)
        {'gender_accuracy/top1': 100.0}
    """

    default_prefix: ClassVar[str] = ''  # the tasks stand before the names

    def __init__(
        self, task_metrics: Mapping[str, Sequence[dict]], collect_device: str = 'cpu'
    ) -> None:
        self._metrics: dict[str, list[BaseMetric]] = {}
        self._last: list[Sample] = []
        super().__init__(collect_device=collect_device)
        for task, metrics in task_metrics.items():
            metrics = [metrics] if isinstance(metrics, Mapping) else metrics
            self._metrics[task] = [
                _build(task, place, metric) for place, metric in enumerate(metrics)
            ]

    @property
    def dataset_meta(self) -> dict | None:
        """What the dataset is about."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict | None) -> None:
        """Let every metric know."""
        self._dataset_meta = dataset_meta
        for metrics in self._metrics.values():
            for metric in metrics:
                metric.dataset_meta = dataset_meta

    def process(self, data_batch: Any, data_samples: Sequence[Sample]) -> None:
        """Give each metric the samples of its task.

        The last one waits: a sampler may have repeated it, and then no metric could
        tell, as each sees a part of the samples.
        """
        for task in self._metrics:
            if any(sample.get(task) is None for sample in data_samples):
                raise DataError(
                    f'MultiTasksMetric: a prediction has nothing for the task {task!r};'
                    ' name in task_metrics the tasks of model.head.task_heads'
                )
        if not self.results:  # what waits is of an evaluation that was broken off
            self._last = []
        self.results += [None] * len(data_samples)
        *ready, last = [*self._last, *data_samples]
        self._last = [last]
        self._hand_on(ready)

    def _hand_on(self, samples: Sequence[Sample]) -> None:
        for task, metrics in self._metrics.items():
            own = [sample.get(task) for sample in samples]
            own = [sample for sample in own if sample.get('eval_mask', True)]
            for metric in metrics if own else ():
                metric.process(None, own)

    def result_names(self) -> list[str] | None:
        """Those of all metrics; None if one of them does not say its own."""
        names = []
        for task, metrics in self._metrics.items():
            for metric in metrics:
                own = getattr(metric, 'result_names', lambda: None)()
                if own is None:
                    return None
                before = f'{metric.prefix}/' if metric.prefix else ''
                names += [f'{task}_{before}{name}' for name in own]
        return names

    def compute_metrics(self, results: list) -> dict[str, Any]:
        """Not called: each metric has results of its own."""
        raise NotImplementedError('MultiTasksMetric leaves this to its metrics')

    def evaluate(self, size: int) -> dict[str, Any]:
        """The results of all metrics; forgets the samples seen so far.

        Args:
            size: Number of samples in the dataset.
        """
        count = len(self.results)
        if own_share(all_gather_object(count), size) == count:
            self._hand_on(self._last)
        self.results.clear()
        self._last = []
        found: dict[str, Any] = {}
        for task, metrics in self._metrics.items():
            for metric in metrics:
                for name, value in metric.evaluate(size).items():
                    if f'{task}_{name}' in found:
                        raise DataError(
                            f'two metrics of the task {task!r} report {name!r}; give '
                            'one of them another prefix'
                        )
                    found[f'{task}_{name}'] = value
        return found


def _build(task: str, place: int, metric: dict) -> BaseMetric:
    with at('task_metrics', task, str(place)):
        return METRICS.build(metric)
