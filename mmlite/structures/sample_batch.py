"""The samples of a batch, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .columns import ABSENT, Column, Taken, as_column, columns_of, each, entry, extremes
from .data_sample import DataSample, is_small

__all__ = ['SampleBatch']


class SampleBatch(Sequence):
    """Reads like a list of :class:`DataSample`, and is a few tensors.

    A field of all samples is one tensor or one list, so it is moved, compared and
    measured at once; :mod:`mmlite.structures.fields` does this for batches and for
    plain lists alike.

    A batch whose samples are looked at becomes the list of them: from then on each
    sample holds its own fields, whatever is set in it counts, and a field of the batch
    is gathered from the samples when it is asked for.

    Args:
        samples: The samples, of any fields.

    Shape:
        The type of a field depends on its name, see
        :func:`~mmlite.structures.register_kind`. What is stacked is a tensor: labels
        ``(1, )`` of a sample become ``(B, )``; scores ``(K, )`` and embeddings become
        ``(B, *)``. All else is a list of ``B``: boxes, maps, sequences, several
        labels of a sample (:class:`MultiLabelDataSample`), and fields that were not
        registered.

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
        self._kind = _kind_of(samples)
        self._fields: dict[str, Column] = columns_of(
            samples, '_data_fields', self._kind.listed
        )
        self._metainfo: dict[str, Sequence] = columns_of(samples, '_metainfo_fields')
        # Once they were looked at; the columns are not used any more then.
        self._samples: list[DataSample] | None = None
        self._bounds: dict[str, tuple[int, int] | None] = {}
        self._deferred: dict[str, Callable[[], Tensor | Sequence]] = {}

    @classmethod
    def of(
        cls,
        size: int,
        fields: Mapping[str, Column] | None = None,
        metainfo: Mapping[str, Sequence] | None = None,
        kind: type[DataSample] = DataSample,
    ) -> SampleBatch:
        """A batch of fields that are together already.

        Args:
            size: Number of samples ``B``.
            fields: A tensor ``(B, *)`` or a sequence of ``B`` by name.
            metainfo: A sequence of ``B`` by name.
            kind: Class of the samples.

        Example:
            >>> SampleBatch.of(2, dict(pred_label=torch.tensor([4, 7])))[1].pred_label
            tensor([7])
        """
        batch = cls()
        batch._size = size
        batch._kind = kind
        batch._fields = {
            k: as_column(k, v, kind.listed) for k, v in (fields or {}).items()
        }
        batch._metainfo = dict(metainfo or {})
        return batch

    @property
    def kind(self) -> type[DataSample]:
        """Class of the samples: of several labels each, or of one."""
        return self._kind

    @property
    def fields(self) -> dict[str, Column]:
        """The fields of all samples, a tensor ``(B, *)`` or a sequence by name."""
        if self._samples is None:
            self._compute_deferred()
            return dict(self._fields)
        return columns_of(self._samples, '_data_fields', self._kind.listed)

    @property
    def metainfo(self) -> dict[str, Sequence]:
        """The meta information of all samples, a sequence of ``B`` by name.

        Where a sample has none of that name, there stands an ellipsis; to read one of
        them use :func:`~mmlite.structures.meta_values`.
        """
        if self._samples is None:
            return dict(self._metainfo)
        return columns_of(self._samples, '_metainfo_fields')

    def keys(self) -> list[str]:
        """Names of the fields."""
        if self._samples is None:
            return list(self._fields | self._deferred)
        return list(self.fields)

    def field(self, name: str) -> Column | None:
        """A field of all samples: a tensor, or a sequence; None if there is none."""
        if self._samples is not None:
            return self.fields.get(name)
        if name in self._deferred:
            self._compute_deferred()
        return self._fields.get(name)

    def bounds(self, name: str) -> tuple[int, int] | None:
        """Two numbers that all values of a field lie between, or are equal to.

        They are looked for once, and go with the batch: to the main process, and to
        the device, where labels cannot be judged without waiting for it. Those of a
        part may be wider than need be, and values that are changed in their tensor do
        not change them.

        Args:
            name: Name of the field.

        Returns:
            None if it is no tensor of integers on the CPU, or an empty one.

        Example:
            >>> SampleBatch(DataSample().set_gt_label(i) for i in (3, 1)).bounds(
            ...     'gt_label')
            (1, 3)
        """
        if self._samples is not None:
            return extremes(self.field(name))
        if name not in self._bounds:
            self._bounds[name] = extremes(self.field(name))
        return self._bounds[name]

    def set_field(self, name: str, values: Tensor | Sequence) -> None:
        """Give each sample its own of ``values``.

        Args:
            name: Name of the field.
            values: A tensor ``(B, *)``, or a sequence of ``B``.

        Raises:
            ValueError: if there is not one value per sample.
        """
        if len(values) != self._size:
            raise self._of_another_length(name, values)
        values = values if isinstance(values, Tensor) else list(values)
        column = as_column(name, values, self._kind.listed)
        if self._samples is None:
            self._fields[name] = column
            self._bounds.pop(name, None)
            self._deferred.pop(name, None)
            return
        for place, sample in enumerate(self._samples):
            sample.set_field(entry(column, place), name)

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
        if self._samples is not None:
            self.set_field(name, compute())
            return
        self._fields.pop(name, None)
        self._bounds.pop(name, None)
        self._deferred[name] = compute

    def _compute_deferred(self) -> None:
        while self._deferred:
            name, compute = next(iter(self._deferred.items()))
            self.set_field(name, compute())  # which is not deferred any more then

    def has_meta(self, name: str) -> bool:
        """Whether the samples, or some of them, have meta information of that name."""
        return name in (self._metainfo if self._samples is None else self.metainfo)

    def set_metainfo(self, name: str, values: Sequence) -> None:
        """Give each sample its own of ``values`` as meta information.

        Args:
            name: Name of it.
            values: A sequence of ``B``.

        Raises:
            ValueError: if there is not one value per sample.
        """
        if len(values) != self._size:
            raise self._of_another_length(name, values)
        if self._samples is None:
            self._metainfo[name] = values
            return
        for sample, value in zip(self._samples, values, strict=True):
            sample.set_field(value, name, field_type='metainfo')

    def _of_another_length(self, name: str, values: Tensor | Sequence) -> ValueError:
        return ValueError(f'{name} has {len(values)} values for {self._size} samples')

    def take(self, indices: Tensor) -> SampleBatch:
        """Some of the samples.

        Args:
            indices: Which, ``(B', )``.
        """
        fields, metainfo = (
            {
                name: column.index_select(0, indices)
                if isinstance(column, Tensor)
                else Taken(column, indices)
                for name, column in columns.items()
            }
            for columns in (self.fields, self.metainfo)
        )
        return self._made_of(len(indices), fields, metainfo)

    def split(self, size: int) -> list[SampleBatch]:
        """Batches of so many of the samples each; the last one may be smaller.

        Example:
            >>> batch = SampleBatch.of(5, dict(gt_label=torch.arange(5)))
            >>> [part.field('gt_label').tolist() for part in batch.split(2)]
            [[0, 1], [2, 3], [4]]
        """
        parts = []
        both = self.fields, self.metainfo
        for start in range(0, self._size, size):
            end = min(start + size, self._size)
            fields, metainfo = (
                {name: column[start:end] for name, column in columns.items()}
                for columns in both
            )
            parts.append(self._made_of(end - start, fields, metainfo))
        return parts

    def to(self, *args: Any, **kwargs: Any) -> SampleBatch:
        """The same batch on another device, or of another type; see ``Tensor.to``."""
        return self._mapped(lambda value: value.to(*args, **kwargs))

    def pin_memory(self) -> SampleBatch:
        """The same batch in memory that a GPU can read from."""
        return self._mapped(lambda value: value.pin_memory())

    def _mapped(self, change: Callable) -> SampleBatch:
        fields = {name: each(column, change) for name, column in self.fields.items()}
        return self._made_of(self._size, fields, self.metainfo)

    def _made_of(
        self, size: int, fields: dict[str, Column], metainfo: dict[str, Sequence]
    ) -> SampleBatch:
        """A batch of columns that come from those of this one."""
        batch = SampleBatch.__new__(SampleBatch)
        batch._size, batch._fields, batch._metainfo = size, fields, metainfo
        batch._samples, batch._bounds = None, self._bounds.copy()
        batch._kind = self._kind
        batch._deferred = {}
        return batch

    def _listed(self) -> list[DataSample]:
        """The samples, made when they are looked at for the first time."""
        if self._samples is None:
            self._compute_deferred()
            self._samples = [self._sample(place) for place in range(self._size)]
            self._fields, self._metainfo, self._bounds = {}, {}, {}
        return self._samples

    def _sample(self, place: int) -> DataSample:
        fields, metainfo = (
            {
                name: entry(column, place)
                for name, column in columns.items()
                if isinstance(column, Tensor) or column[place] is not ABSENT
            }
            for columns in (self._fields, self._metainfo)
        )
        return self._kind.with_metainfo(metainfo, fields)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, place: int | slice) -> Any:
        return self._listed()[place]

    def __iter__(self) -> Any:
        return iter(self._listed())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (list, SampleBatch)):
            return list(self) == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        names = ', '.join(self.keys())
        return f'SampleBatch of {self._size} with {names or "no field"}'

    def __getstate__(self) -> tuple:
        fields = {name: each(c, _light) for name, c in self.fields.items()}
        return self._size, self._kind, fields, self.metainfo, self._bounds

    def __setstate__(self, state: tuple) -> None:
        self._size, self._kind, fields, self._metainfo, self._bounds = state
        self._fields = {name: each(c, _as_tensor, _Light) for name, c in fields.items()}
        self._samples, self._deferred = None, {}


def _kind_of(samples: list[DataSample]) -> type[DataSample]:
    """The class of the samples: that of several labels, if there is one of them."""
    for kind in dict.fromkeys(map(type, samples)):
        if getattr(kind, 'listed', None):
            return kind
    return DataSample


class _Light:
    """A small tensor on its way to another process: its values, no shared memory."""

    def __init__(self, value: Tensor) -> None:
        self.array = value.numpy()


def _light(value: Any) -> Any:
    return _Light(value) if is_small(value) else value


def _as_tensor(value: _Light) -> Tensor:
    return torch.from_numpy(value.array)
