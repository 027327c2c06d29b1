"""One field of many samples: a tensor where it can be, else a sequence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from .data_sample import DataSample
from .field_kinds import is_stacked

__all__ = [
    'ABSENT',
    'Column',
    'Taken',
    'as_column',
    'columns_of',
    'each',
    'entry',
    'extremes',
]

ABSENT = ...  # stands in a column where a sample has no such field

Column = Tensor | Sequence


class Taken(Sequence):
    """Some entries of a sequence, looked up only when they are asked for.

    Args:
        source: The sequence.
        indices: Which entries, in which order.

    Example:
        >>> list(Taken('abcd', [2, 0]))
        ['c', 'a']
    """

    def __init__(self, source: Sequence, indices: Tensor | Sequence[int]) -> None:
        self.source = source
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return Taken(self.source, self.indices[place])
        return self.source[int(self.indices[place])]

    def __reduce__(self) -> tuple:
        return list, (list(self),)


def columns_of(
    samples: list[DataSample], kind: str, listed: Collection[str] = ()
) -> dict[str, Column]:
    """The fields of samples, each as one tensor or a list, as its kind says.

    Args:
        samples: The samples.
        kind: ``'_data_fields'`` or ``'_metainfo_fields'``.
        listed: Fields that are a list, whatever their kind.
    """
    if not samples:
        return {}
    held = [vars(sample) for sample in samples]
    alike = all(fields[kind] == held[0][kind] for fields in held)
    # In the order in which they were set, which the set of names does not know.
    names = dict.fromkeys(
        name
        for fields in (held[:1] if alike else held)
        for name in fields
        if name in fields[kind]
    )
    columns: dict[str, Column] = {}
    for name in names:
        values = [fields.get(name, ABSENT) for fields in held]
        columns[name] = values if kind[1] == 'm' else as_column(name, values, listed)
    return columns


def as_column(name: str, values: Tensor | list, listed: Collection[str] = ()) -> Column:
    """The values of a field, one for each sample, as its kind has them.

    Args:
        name: Name of the field.
        values: One value a sample, or all in one tensor ``(B, *)``.
        listed: Fields that are a list, whatever their kind.

    Returns:
        A tensor for what is stacked: ``(B, )`` of single labels, ``(B, *)`` of scores
        and embeddings. A list for all else, and where samples have several labels.

    Example:
        >>> as_column('gt_label', [torch.tensor([3]), torch.tensor([1])])
        tensor([3, 1])
        >>> as_column('gt_label', [torch.tensor([3, 1]), torch.tensor([1, 0])])
        [tensor([3, 1]), tensor([1, 0])]
    """
    stacked = is_stacked(name) and name not in listed
    if not isinstance(values, Tensor):
        return together(values) if stacked else values
    if stacked:
        if values.ndim == 1 or values.is_floating_point():
            return values
        if values.shape[1:] == (1,):
            return values.squeeze(1)
    return list(values.split(1) if values.ndim == 1 else values.unbind())


def extremes(column: Column | None) -> tuple[int, int] | None:
    """The smallest and the largest of integers on the CPU."""
    if (
        not isinstance(column, Tensor)
        or column.device.type != 'cpu'
        or column.is_floating_point()
        or not column.numel()
    ):
        return None
    low, high = column.aminmax()
    return low.tolist(), high.tolist()


def together(values: list) -> Column:
    """One tensor of tensors that are alike; else the list as it is."""
    first = values[0] if values else None
    if type(first) is not Tensor or first.ndim == 0:
        return values
    shape, dtype, device = kind = first.shape, first.dtype, first.device
    if shape != (1,) and not dtype.is_floating_point:  # several labels
        return values
    for value in values:
        if (
            type(value) is not Tensor
            or (value.shape, value.dtype, value.device) != kind
            or value.requires_grad
        ):
            return values
    return torch.cat(values) if shape == (1,) else torch.stack(values)


def entry(column: Column, place: int) -> Any:
    """What one sample has of a column: of ``(B, )`` it has ``(1, )``."""
    if isinstance(column, Tensor) and column.ndim == 1:
        return column[place : place + 1]
    return column[place]


def each(column: Any, change: Callable, kinds: Any = (Tensor, BaseDataElement)) -> Any:
    """A column with what is of some kind changed."""
    if isinstance(column, kinds):
        return change(column)
    if not isinstance(column, Sequence):
        return column
    return [change(value) if isinstance(value, kinds) else value for value in column]
