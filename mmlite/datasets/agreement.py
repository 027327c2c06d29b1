"""What datasets that are joined have to agree on: classes, their ids, the rest."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from itertools import count
from logging import WARNING
from typing import Any

import numpy as np
from mmengine.logging import print_log
from torch.utils.data import Dataset

from ..errors import DataError
from ..structures import class_mapping, in_names_of

__all__ = ['agree_on_classes', 'compare_metainfo', 'ids_by_name', 'ids_of']

_SHORT = reprlib.Repr()


def ids_by_name(datasets: Sequence[Dataset]) -> dict[str, int]:
    """The id that some dataset states for each class, as COCO's files do.

    Where they differ, those of the dataset that has most classes go first.

    Args:
        datasets: The datasets, with the classes that they have themselves.
    """
    stated = []
    for place, dataset in enumerate(datasets):
        names, ids = (dataset.metainfo.get(k) or () for k in ('classes', 'cat_ids'))
        if len(ids) == len(names):
            stated.append((place, dict(zip(names, ids, strict=True))))
    stated.sort(key=lambda pair: -len(pair[1]))
    known: dict[str, int] = {}
    others: list[str] = []
    for place, numbers in stated:
        for name, number in numbers.items():
            if name not in known and number not in known.values():
                known[name] = number
            elif known.get(name) != number:
                others.append(f'{name!r} has the id {number} in datasets.{place}')
    if others:
        more = f', and {len(others) - 1} more differ' if len(others) > 1 else ''
        message = (
            f'ConcatDataset: {others[0]}{more}; the ids of datasets.{stated[0][0]}, '
            'which has most classes, are those of all'
        )
        print_log(message, 'current', WARNING)
    return known


def ids_of(classes: Sequence[str], known: Mapping[str, int]) -> list[int]:
    """The ids of classes; those that have none get free ones.

    Args:
        classes: Names of classes.
        known: The ids of some, by name.

    Example:
        >>> ids_of(['cat', 'dog', 'emu'], dict(cat=3, emu=1))
        [3, 2, 1]
    """
    free = (n for n in count(1) if n not in known.values())
    return [known[name] if name in known else next(free) for name in classes]


def agree_on_classes(datasets: Sequence[Dataset]) -> None:
    """Give all datasets the classes of the one that has most.

    Raises:
        DataError: if it lacks classes of another.
    """
    classes = [dataset.metainfo.get('classes') or () for dataset in datasets]
    largest = max(range(len(datasets)), key=lambda i: len(classes[i]), default=0)
    for place, dataset in enumerate(datasets):
        names, known = classes[place], classes[largest]
        if tuple(names) == tuple(known):
            continue
        try:
            translated = in_names_of(names, known)
            if translated is None:
                raise DataError(
                    'their names cannot be compared; state classes for both'
                )
            class_mapping(names, translated)
            dataset.use_classes(translated)
        except DataError as error:
            raise DataError(
                f'ConcatDataset: datasets.{place} has {len(names)} classes, '
                f'datasets.{largest} has {len(known)}: {error}'
            ) from error


def compare_metainfo(datasets: Sequence[Dataset], ignored: Sequence[str]) -> None:
    """Check that datasets are about the same.

    Args:
        datasets: The datasets.
        ignored: Meta information in which they may differ.

    Raises:
        DataError: if they are not.
    """
    first = datasets[0].metainfo
    for place, dataset in enumerate(datasets):
        other = dataset.metainfo
        for key in first | other:
            if key in ignored:
                continue
            if not (key in first and key in other and _same(first[key], other[key])):
                one, two = (
                    f'{key}={_SHORT.repr(info[key])}' if key in info else f'no {key}'
                    for info in (first, other)
                )
                raise DataError(
                    f'ConcatDataset: datasets.0 has {one} in its metainfo, '
                    f'datasets.{place} has {two}; name what may differ in ignore_keys'
                )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return _in_lists(one) == _in_lists(other)


def _in_lists(value: Any) -> Any:
    several = isinstance(value, (list, tuple))
    return [_in_lists(item) for item in value] if several else value
