"""The samples of a batch, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .columns import ABSENT, Column, Taken, columns_of, each, entry, extremes, together
from .data_sample import DataSample, is_small

__all__ = ['SampleBatch']


class SampleBatch(Sequence):
    """Reads like a list of :class:`DataSample`, and is a few tensors.

    A field of all samples is one tensor, so it is moved, compared and measured
    at once; :mod:`mmlite.structures.batch` does this for batches and for plain
    lists alike. A sample is made when it is asked for, with views of the
    tensors, and is the same one every time. What is then set in it counts for
    the batch as well.

    Args:
        samples: The samples, of any fields.

    Shape:
        Labels ``(1, )`` of a sample become ``(B, )``; any other tensor that is
        of one shape in all samples, e.g. scores ``(K, )``, becomes ``(B, *)``.
        What is of several shapes, or no tensor, is kept as a list.

    Example:
        >>> batch = SampleBatch(DataSample().set_gt_label(i) for i in (3, 1))
        >>> batch.field('gt_label')
        tensor([3, 1])
        >>> batch[0].set_gt_label(5).gt_label
        tensor([5])
        >>> batch.field('gt_label')
        tensor([5, 1])
    """

    def __init__(self, samples: Iterable[DataSample] = ()) -> None:
        samples = list(samples)
        self._size = len(samples)
        self._fields: dict[str, Column] = columns_of(samples, '_data_fields')
        self._metainfo: dict[str, Column] = columns_of(samples, '_metainfo_fields')
        # The samples that were handed out, each with what was in it by then.
        self._given: dict[int, tuple[DataSample, tuple]] = {}
        self._bounds: dict[str, tuple[int, int] | None] = {}
        self._deferred: dict[str, Callable[[], Column]] = {}

    @classmethod
    def of(
        cls,
        size: int,
        fields: Mapping[str, Column] | None = None,
        metainfo: Mapping[str, Sequence] | None = None,
    ) -> SampleBatch:
        """A batch of fields that are together already.

        Args:
            size: Number of samples ``B``.
            fields: A tensor ``(B, *)`` or a sequence of ``B`` by name.
            metainfo: A sequence of ``B`` by name.

        Example:
            >>> SampleBatch.of(2, dict(pred_label=torch.tensor([4, 7])))[1].pred_label
            tensor([7])
        """
        batch = cls()
        batch._size = size
        batch._fields = dict(fields or {})
        batch._metainfo = dict(metainfo or {})
        return batch

    @property
    def metainfo(self) -> dict[str, Sequence]:
        """The meta information of all samples, a sequence of ``B`` by name."""
        if self._given:
            self._catch_up()
        return dict(self._metainfo)

    def keys(self) -> list[str]:
        """Names of the fields."""
        self._catch_up()
        return list(self._fields)

    def field(self, name: str) -> Tensor | Sequence | None:
        """A field of all samples: a tensor, or a sequence; None if there is none."""
        if self._given or name in self._deferred:
            self._catch_up()
        return self._fields.get(name)

    def bounds(self, name: str) -> tuple[int, int] | None:
        """Two numbers that all values of a field lie between, or are equal to.

        They are looked for once, and go with the batch to the main process, so that
        it can judge all labels by two of them. Those of a part may be wider than
        need be, and values that are changed in their tensor do not change them.

        Args:
            name: Name of the field.

        Returns:
            None if it is no tensor of integers on the CPU, or an empty one.

        Example:
            >>> SampleBatch(DataSample().set_gt_label(i) for i in (3, 1)).bounds(
            ...     'gt_label')
            (1, 3)
        """
        column = self.field(name)
        if name not in self._bounds:
            self._bounds[name] = extremes(column)
        return self._bounds[name]

    def set_field(self, name: str, values: Tensor | Sequence) -> None:
        """Give each sample its own of ``values``.

        Args:
            name: Name of the field.
            values: A tensor ``(B, *)``, or a sequence of ``B``; tensors of one
                shape in it are put together.

        Raises:
            ValueError: if there is not one value per sample.
        """
        if len(values) != self._size:
            raise ValueError(
                f'{name} has {len(values)} values for {self._size} samples'
            )
        if self._given:
            self._catch_up()
        values = values if isinstance(values, Tensor) else together(list(values))
        self._fields[name] = values
        self._deferred.pop(name, None)
        self._bounds.pop(name, None)
        for place, (sample, _) in self._given.items():
            sample.set_field(entry(values, place), name)
            self._given[place] = _noted(sample)

    def defer_field(self, name: str, compute: Callable[[], Tensor | Sequence]) -> None:
        """Give each sample its own of what ``compute`` gives, once it is looked for.

        Args:
            name: Name of the field.
            compute: Gives what :meth:`set_field` takes. It is called once, or never,
                and sees what was changed by then in the tensors that it looks at.

        Example:
            >>> batch = SampleBatch.of(2)
            >>> batch.defer_field('pred_label', lambda: torch.eye(2).argmax(dim=1))
            >>> batch[1].pred_label
            tensor([1])
        """
        self._deferred[name] = compute
        if self._given:
            self._catch_up()

    def take(self, indices: Tensor) -> SampleBatch:
        """Some of the samples.

        Args:
            indices: Which, ``(B', )``.
        """
        self._catch_up()
        fields, metainfo = (
            {
                name: column.index_select(0, indices)
                if isinstance(column, Tensor)
                else Taken(column, indices)
                for name, column in columns.items()
            }
            for columns in (self._fields, self._metainfo)
        )
        taken = SampleBatch.of(len(indices), fields, metainfo)
        taken._bounds = self._bounds.copy()
        return taken

    def split(self, size: int) -> list[SampleBatch]:
        """Batches of so many of the samples each; the last one may be smaller.

        Example:
            >>> batch = SampleBatch.of(5, dict(gt_label=torch.arange(5)))
            >>> [part.field('gt_label').tolist() for part in batch.split(2)]
            [[0, 1], [2, 3], [4]]
        """
        self._catch_up()
        parts = []
        for start in range(0, self._size, size):
            end = min(start + size, self._size)
            fields, metainfo = (
                {name: column[start:end] for name, column in columns.items()}
                for columns in (self._fields, self._metainfo)
            )
            part = SampleBatch.of(end - start, fields, metainfo)
            part._bounds = self._bounds.copy()
            parts.append(part)
        return parts

    def to(self, *args: Any, **kwargs: Any) -> SampleBatch:
        """The same batch on another device, or of another type; see ``Tensor.to``."""
        return self._mapped(lambda value: value.to(*args, **kwargs))

    def pin_memory(self) -> SampleBatch:
        """The same batch in memory that a GPU can read from."""
        return self._mapped(lambda value: value.pin_memory())

    def _mapped(self, change: Callable) -> SampleBatch:
        self._catch_up()
        fields = {name: each(column, change) for name, column in self._fields.items()}
        mapped = SampleBatch.of(self._size, fields, self._metainfo)
        mapped._bounds = self._bounds.copy()
        return mapped

    def _catch_up(self) -> None:
        """Take over what was set in samples since they were handed out, or deferred."""
        while self._deferred:
            name, compute = next(iter(self._deferred.items()))
            values = compute()
            del self._deferred[name]
            self.set_field(name, values)
        if all(_is_as_noted(*given) for given in self._given.values()):
            return
        samples = list(self)
        self._fields = columns_of(samples, '_data_fields')
        self._metainfo = columns_of(samples, '_metainfo_fields')
        self._bounds.clear()
        for place, sample in enumerate(samples):
            fields = vars(sample)
            for name, column in self._fields.items():
                if isinstance(column, Tensor):
                    fields[name] = entry(column, place)
            self._given[place] = _noted(sample)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return [self[i] for i in range(self._size)[place]]
        place = range(self._size)[place]
        if self._deferred:
            self._catch_up()
        if place not in self._given:
            fields, metainfo = (
                {
                    name: entry(column, place)
                    for name, column in columns.items()
                    if isinstance(column, Tensor) or column[place] is not ABSENT
                }
                for columns in (self._fields, self._metainfo)
            )
            self._given[place] = _noted(DataSample.with_metainfo(metainfo, fields))
        return self._given[place][0]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (list, SampleBatch)):
            return list(self) == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        names = self._fields | self._deferred
        return f'SampleBatch of {self._size} with {", ".join(names) or "no field"}'

    def __getstate__(self) -> tuple:
        self._catch_up()
        fields = {name: each(c, _light) for name, c in self._fields.items()}
        return self._size, fields, self._metainfo, self._bounds

    def __setstate__(self, state: tuple) -> None:
        self._size, fields, self._metainfo, self._bounds = state
        self._fields = {name: each(c, _as_tensor, _Light) for name, c in fields.items()}
        self._given = {}
        self._deferred = {}


class _Light:
    """A small tensor on its way to another process: its values, no shared memory."""

    def __init__(self, value: Tensor) -> None:
        self.array = value.numpy()


def _light(value: Any) -> Any:
    return _Light(value) if is_small(value) else value


def _as_tensor(value: _Light) -> Tensor:
    return torch.from_numpy(value.array)


def _noted(sample: DataSample) -> tuple[DataSample, tuple]:
    return sample, tuple(vars(sample).values())


def _is_as_noted(sample: DataSample, before: tuple) -> bool:
    now = vars(sample).values()
    return len(now) == len(before) and all(
        a is b for a, b in zip(now, before, strict=True)
    )
