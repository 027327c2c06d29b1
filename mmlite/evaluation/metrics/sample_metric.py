"""Metrics that keep one object a sample."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from mmengine.dist import all_gather_object, gather_object, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from .base import NamedResults, Sample, own_share, raise_errors, result_or_error

_ABSENT = object()


class SampleMetric(NamedResults, BaseMetric):
    """A metric over objects of any size, one for each sample: boxes, text, features.

    What is a small row of numbers belongs into a
    :class:`~mmlite.evaluation.RowMetric`, which sends sums instead of samples. Samples
    that a sampler repeated to fill up the last batch are left out here as well, and
    the objects are in the order of the dataset, whatever the number of processes.

    Args:
        collect_device: Kept for mmengine's sake.
        prefix: Stands before the names of the results, instead of the
            metric's own prefix.

    Override:
        objects: what is kept of a batch, one object a sample, on the CPU.
        compute_metrics: the results from the objects of all samples; called in the
            first process alone.
        result_names: their names, so that a config can be checked.

    Example:
        >>> from mmlite.structures import DataSample
        >>> class BoxCount(SampleMetric):
        ...     default_prefix = 'boxes'
        ...     def objects(self, data_samples):
        ...         return [len(sample.pred_bboxes) for sample in data_samples]
        ...     def compute_metrics(self, results):
        ...         return dict(largest=max(results))
        >>> metric = BoxCount()
        >>> metric.process(None, [DataSample(pred_bboxes=[1, 2, 3])])
        >>> metric.evaluate(1)
        {'boxes/largest': 3}
    """

    @abstractmethod
    def objects(self, data_samples: Sequence[Sample]) -> list[Any]:
        """What is kept of a batch, one object a sample."""

    def process(self, data_batch: Any, data_samples: Sequence[Sample]) -> None:
        """Keep what is needed of one batch of predictions.

        Raises:
            ValueError: if there is not one object a sample.
        """
        kept = self.objects(data_samples)
        if len(kept) != len(data_samples):
            raise ValueError(
                f'{type(self).__name__}.objects gives one for each sample, so '
                f'{len(data_samples)}, got {len(kept)}'
            )
        self.results += kept

    def evaluate(self, size: int) -> dict[str, Any]:
        """The results over a whole dataset; forgets the samples seen so far.

        Args:
            size: Number of samples in the dataset.

        Returns:
            The results by ``prefix/name``, the same in every process; nothing
            if there were no samples.
        """
        counts = all_gather_object(len(self.results))
        own = self.results[: own_share(counts, size)]
        self.results.clear()
        parts = gather_object(own)  # others have no use for all of them
        found: Any = {}
        if is_main_process():
            rounds = zip_longest(*parts, fillvalue=_ABSENT)
            dealt = [x for turn in rounds for x in turn if x is not _ABSENT]
            if dealt:
                found = result_or_error(self.compute_metrics, dealt)
            else:
                message = f'{type(self).__name__} saw no samples; it reports nothing.'
                print_log(message, logger='current', level=logging.WARNING)
        found = all_gather_object(found)[0]
        raise_errors([found])
        return self._prefixed(found)
