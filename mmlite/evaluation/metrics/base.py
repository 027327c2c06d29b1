"""What all metrics share: small rows per sample, gathered as sums."""

from __future__ import annotations

import bisect
import logging
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from mmengine.dist import all_gather_object, get_dist_info
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmengine.structures import BaseDataElement
from torch import Tensor

from ...errors import DataError, UserError
from ...structures import has_field, packed_field

Sample = BaseDataElement | Mapping[str, Any]

_TOGETHER = 2**15  # numbers in batches that wait for each other, at most


class NamedResults:
    """A metric that states the names of its results beforehand.

    The check of a config compares what watches a result (``save_best``, ``monitor``)
    with these names. A subclass with results of its own, by a ``compute_metrics`` or an
    ``evaluate*``, says nothing until it overrides :meth:`result_names` too.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        changed = any(name.startswith(('compute_', 'evaluate')) for name in vars(cls))
        if changed and 'result_names' not in vars(cls):
            cls.result_names = NamedResults.result_names

    def result_names(self) -> list[str] | None:
        """Names of the results without the prefix; None if they are not known yet."""
        return None

    def _prefixed(self, results: Mapping[str, Any]) -> dict[str, Any]:
        """The results by ``prefix/name``, by their name if there is no prefix."""
        before = f'{self.prefix}/' if self.prefix else ''
        return {f'{before}{name}': value for name, value in results.items()}


class RowMetric(NamedResults, BaseMetric):
    """A metric over small rows of numbers, one row per sample.

    mmengine's metrics keep a dict per sample and pickle all of them to one
    process. Here a batch is one tensor of rows; each process sums up its own
    rows, and only the sums travel. The result is the same: samples that a
    sampler repeated to fill up the last batch are left out.

    Args:
        collect_device: Not used, but an argument of mmengine's metrics: sums are small,
            and are sent over the process group.
        prefix: Stands before the names of the results, instead of the
            metric's own prefix.

    Attributes:
        takes_features: Whether it measures features, so that a model which does not
            predict can be validated by it, e.g. by nearest neighbours.
        ranks_classes: Whether ``topk`` picks from the scores of the classes.

    Override:
        fields: What is looked at of data samples, tensors of one entry each.
        rows: One row per sample from these tensors.
        summarise: What one process contributes; by default the rows.
        compute_metrics: The results from the contributions of all processes.
        result_names: Their names, so that a config can be checked.
    """

    takes_features: ClassVar[bool] = False
    ranks_classes: ClassVar[bool] = False

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self._waiting: list[Sequence[Tensor]] = []
        self._numbers = 0
        self._nans: Tensor | int = 0  # samples with a NaN; on the device until the end

    @abstractmethod
    def fields(self, data_samples: Sequence[Sample]) -> tuple[Tensor, ...]:
        """What is looked at of a batch, each ``(B, *)``."""

    @abstractmethod
    def rows(self, *fields: Tensor) -> Tensor:
        """The numbers to keep of samples with such fields, ``(B, *)``."""

    def summarise(self, rows: Tensor) -> Any:
        """What this process contributes, from the rows of all its samples."""
        return rows

    def process(self, data_batch: Any, data_samples: Sequence[Sample]) -> None:
        """Keep what is needed of one batch of predictions.

        Small batches wait for each other, as copies: their rows cost little more
        together than those of one alone. The first does not, so that mistakes
        show at once.
        """
        if not data_samples:
            return
        if not self.results:  # what waits is of an evaluation that was broken off
            self._waiting.clear()
            self._numbers = self._nans = 0
        fields = self._named(self.fields, data_samples)
        self._numbers += sum([field.numel() for field in fields])
        if self.results and self._numbers < _TOGETHER:
            self._waiting.append([field.clone() for field in fields])
        else:
            self._keep_rows(fields)

    def _keep_rows(self, *last: Sequence[Tensor]) -> None:
        """Keep the rows of the batches that wait, and of a last one."""
        batches = [*self._waiting, *last]
        self._waiting.clear()
        self._numbers = 0
        if len(batches) > 1:
            batches = [tuple(map(torch.cat, zip(*batches, strict=True)))]
        for fields in batches:
            self._nans = self._nans + _samples_with_nan(fields)
            self.results.append(self._named(self.rows, *fields))

    def evaluate(self, size: int) -> dict[str, Any]:
        """The results over a whole dataset; forgets the samples seen so far.

        Args:
            size: Number of samples in the dataset.

        Returns:
            The results by ``prefix/name``, the same in every process; nothing
            if there were no samples.

        Raises:
            DataError: if a sample has a NaN, which no comparison finds wrong.
        """
        self._keep_rows()
        rows = torch.cat(self.results) if self.results else None
        self.results.clear()
        seen = (0 if rows is None else len(rows)), int(self._nans)
        counts, nans = zip(*all_gather_object(seen), strict=True)
        if any(nans):
            raise DataError(
                f'{type(self).__name__}: {sum(nans)} of {sum(counts)} samples have a '
                'NaN in what is compared; the model has diverged, or half precision '
                'overflowed'
            )
        part = None
        if rows is not None:
            own = rows[: own_share(counts, size)]
            part = _to_cpu(result_or_error(self._named, self.summarise, own))
        parts = [p for p in all_gather_object(part) if p is not None]
        raise_errors(parts)
        if not parts:
            message = f'{type(self).__name__} saw no samples; it reports nothing.'
            print_log(message, logger='current', level=logging.WARNING)
            return {}
        return self._prefixed(self.compute_metrics(parts))

    def _named(self, call: Callable[..., Any], *data: Any) -> Any:
        """Call with the data; errors that it raises name the metric."""
        try:
            return call(*data)
        except UserError:
            raise
        except ValueError as error:
            raise DataError(f'{type(self).__name__}: {error}') from error


def result_or_error(call: Callable[..., Any], *data: Any) -> Any:
    """What a call gives, or the error of the user's that it raises.

    So all processes can fail alike; else the others would wait for one that is gone.
    """
    try:
        return call(*data)
    except UserError as error:
        return error


def raise_errors(results: Iterable[Any]) -> None:
    """Raise the first error among what processes have sent, if there is one."""
    for result in results:
        if isinstance(result, UserError):
            raise result


def own_share(counts: Sequence[int], size: int) -> int:
    """How many of this process's samples count.

    Samplers deal out samples in turn (0, 1, 2, 0, 1, 2, ...), and repeat some
    at the end so that all processes have equally many.

    Args:
        counts: Number of samples that each process saw.
        size: Number of samples in the dataset.

    Example:
        >>> own_share([5], size=4)
        4
    """
    rank, _ = get_dist_info()
    if sum(counts) <= size:  # none was repeated
        return counts[rank]

    def place(index: int) -> int:
        return sum(
            min(count, index + (other < rank)) for other, count in enumerate(counts)
        )

    return bisect.bisect_left(range(counts[rank]), size, key=place)


def _samples_with_nan(fields: Sequence[Tensor]) -> Tensor | int:
    """How many samples have a NaN, without waiting for the device.

    The largest number of a sample is NaN if one is, and quicker to find.
    """
    return sum(
        field.reshape(len(field), -1).amax(dim=1).isnan().sum()
        for field in fields
        if field.is_floating_point() and field.numel()
    )


def _to_cpu(part: Any) -> Any:
    if isinstance(part, Tensor):
        return part.cpu()
    return type(part)(_to_cpu(p) for p in part) if isinstance(part, tuple) else part


def scores_of(data_samples: Sequence[Sample], name: str) -> Tensor | None:
    """A field with one value per class, ``(B, K)``; None if there is none."""
    packed = packed_field(data_samples, name)
    if packed is not None:
        return packed if packed.ndim == 2 else packed.reshape(len(packed), -1)
    if not has_field(data_samples, name):
        return None
    values = [sample.get(name) for sample in data_samples]
    if values[0] is None:
        return None
    sizes = {tuple(value.shape) for value in values}
    if len(sizes) > 1:
        raise DataError(f'the samples have {name} of several sizes: {sorted(sizes)}')
    return torch.stack(values)


def labels_of(data_samples: Sequence[Sample], name: str) -> Tensor:
    """A field with one class index, ``(B, )``.

    Raises:
        DataError: if a sample has no such field, or several labels.
    """
    packed = packed_field(data_samples, name)
    if packed is not None and packed.ndim == 1:
        return packed
    values = [sample.get(name) for sample in data_samples]
    for sample, value in zip(data_samples, values, strict=True):
        if value is None or value.numel() != 1:
            came = 'none' if value is None else f'the labels {value.tolist()}'
            where = sample.get('img_path') or 'a sample'
            raise DataError(f'expected one {name} per sample, but {where} has {came}')
    return torch.cat([value.reshape(1) for value in values])


def target_and_prediction(data_samples: Sequence[Sample]) -> tuple[Tensor, Tensor]:
    """The true classes ``(B, )``, and the scores ``(B, K)`` or predicted classes.

    Raises:
        DataError: if a sample has no ``gt_label``, or neither ``pred_score`` nor
            ``pred_label``.
    """
    target = labels_of(data_samples, 'gt_label')
    prediction = scores_of(data_samples, 'pred_score')
    if prediction is None:
        prediction = labels_of(data_samples, 'pred_label')
    return target, prediction


def threshold_suffixes(thrs: Sequence[float | None]) -> list[str]:
    """The suffixes by which results of several thresholds differ.

    They have mmpretrain's two decimals, or as many as it takes to tell them apart.

    Example:
        >>> threshold_suffixes([0.5, None]), threshold_suffixes([0.001, 0.002])
        (['_thr-0.50', '_no-thr'], ['_thr-0.001', '_thr-0.002'])
    """
    if len(thrs) == 1:
        return ['']
    given = [thr for thr in thrs if thr is not None]
    short = len({f'{thr:.2f}' for thr in given}) == len(set(given))
    return [
        '_no-thr' if thr is None else f'_thr-{thr:.2f}' if short else f'_thr-{thr:g}'
        for thr in thrs
    ]


def as_thresholds(
    thrs: float | Sequence[float | None] | None,
) -> tuple[float | None, ...]:
    """One threshold or several, as a tuple."""
    if thrs is None or isinstance(thrs, (int, float)):
        return (thrs,)
    if not len(thrs):
        raise ValueError('thrs names one threshold or more, got none')
    return tuple(thrs)
