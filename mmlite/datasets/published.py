"""What datasets share that were published with lists of their images."""

from __future__ import annotations

import functools
import json
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from ..errors import DataError, DataNotFoundError, check_choice
from ..given import absence
from ..structures import class_mapping
from ..structures.class_lists import shortened
from .annotations import file_exists, read_text
from .base_dataset import BaseDataset
from .folders import tree
from .storage import relabelled

__all__ = [
    'PublishedDataset',
    'absent',
    'in_order_of',
    'lines_of',
    'numbers_of',
    'published_classes',
]

_NAMES = Path(__file__).parent / 'data' / 'class_names.json'


@functools.cache
def _all_names() -> dict[str, list[str]]:
    return json.loads(_NAMES.read_text(encoding='utf-8'))


def published_classes(name: str) -> tuple[str, ...]:
    """The names of the classes of a published dataset, in the order of its labels.

    Example:
        >>> published_classes('VOC')[:2]
        ('aeroplane', 'bicycle')
    """
    return tuple(_all_names()[name])


def lines_of(path: str | Path, fields: int | None = None) -> Iterator[tuple[str, list]]:
    """Where each line of a text file stands, for messages, and its words.

    Args:
        path: The file.
        fields: How many words each line has.

    Raises:
        DataError: if a line has another number of words.
    """
    for number, line in enumerate(read_text(path).splitlines(), 1):
        words = line.split()
        if words and fields is not None and len(words) != fields:
            raise DataError(
                f'{path}:{number}: expected {fields} words, got {shortened(line)}'
            )
        if words:
            yield f'{path}:{number}', words


def in_order_of(
    classes: Sequence[str] | None, published: Sequence[str], samples: Any
) -> Any:
    """Samples with published labels, where a config states the classes itself.

    Published names in another order, or more of them, get the labels that these have;
    as many other names are taken to be the same classes in other words.

    Args:
        classes: The names of the config; None are the published ones.
        published: The names in the order of the labels.
        samples: The samples.

    Raises:
        DataError: if names are missing.
    """
    if classes is None or tuple(classes) == tuple(published):
        return samples
    if set(published) <= set(classes):
        mapping = class_mapping(published, classes)
        return samples if mapping is None else relabelled(samples, mapping)
    missing = [name for name in published if name not in classes]
    if len(classes) < len(published) or len(missing) < len(published):
        raise DataError(
            f'classes has {len(classes)} names and lacks {missing[0]!r}, one of the '
            f'{len(published)} that the data have; name all of them'
        )
    return samples


def absent(name: str, path: str, root: str) -> str:
    """That a dataset lacks a file, and what there is instead."""
    return (
        f'{name}: {path} {absence(path)}; set data_root to the folder of the dataset\n'
        f'  found    {tree(root or ".")}'
    )


class PublishedDataset(BaseDataset):
    """Images that are listed in files as they were published.

    Override:
        splits: the name of the list of each split.
        samples: the path and the label of each image.

    Args:
        data_root: The folder of the dataset.
        split: Which part of it.
        kwargs: Arguments of :class:`BaseDataset`.

    Raises:
        DataNotFoundError: if a file is absent.
        DataError: if a file makes no sense.
    """

    splits: ClassVar[dict[str, str]]
    images: ClassVar[str] = 'images'

    def __init__(
        self,
        data_root: str,
        split: str,
        ann_file: str | None = None,
        data_prefix: str | dict | None = None,
        test_mode: bool | None = None,
        **kwargs: Any,
    ) -> None:
        check_choice(self.splits, split=split)
        self.split = split
        super().__init__(
            data_root=data_root,
            ann_file=self.splits[split] if ann_file is None else ann_file,
            data_prefix=self.images if data_prefix is None else data_prefix,
            test_mode=split == 'test' if test_mode is None else test_mode,
            **kwargs,
        )

    def prepare(self) -> None:
        """Check that the list of images is there."""
        if not file_exists(self.ann_file):
            raise DataNotFoundError(
                absent(type(self).__name__, self.ann_file, self.data_root)
            )

    @abstractmethod
    def samples(self) -> Iterator[tuple[str, str, int]]:
        """Of each image: where it is listed, its path, and its published label."""

    def load_data_list(self) -> Sequence[dict]:
        """Read the list of images."""
        published = self.METAINFO.get('classes')
        limit = len(published) if published else None
        found = []
        for place, path, label in self.samples():
            if label < 0 or (limit is not None and label >= limit):
                raise DataError(
                    f'{place}: the label {label} is none of the {limit} classes'
                )
            found.append(dict(img_path=f'{self.img_prefix}/{path}', gt_label=label))
        if not found:
            raise DataError(f'{self.ann_file} lists no image of split={self.split!r}')
        return in_order_of(self.CLASSES, published, found) if published else found

    def label_of(self, name: str, place: str) -> int:
        """The published label of a class.

        Raises:
            DataError: if there is no such class.
        """
        try:
            return self.METAINFO['classes'].index(name)
        except ValueError:
            raise DataError(
                f'{place}: {shortened(name)} is not a class of {type(self).__name__}'
            ) from None

    @staticmethod
    def number(text: str, place: str) -> int:
        """A whole number in a list.

        Raises:
            DataError: if it is none.
        """
        if not text.isascii() or not text.isdecimal() or len(text) > 9:
            raise DataError(f'{place}: expected a number, got {shortened(text)}')
        return int(text)


def numbers_of(data: Any, source: str) -> list[int]:
    """The numbers in an array of a MATLAB file.

    Raises:
        DataError: if they are no whole numbers.
    """
    array = np.asarray(data)
    if array.dtype.kind not in 'iuf' or not np.isfinite(array).all():
        raise DataError(f'{source}: expected an array of numbers')
    if (array != np.floor(array)).any() or (np.abs(array) > 2**31).any():
        raise DataError(f'{source}: expected integers')
    return array.ravel(order='F').astype(np.int64).tolist()


class TrainTestDataset(PublishedDataset):
    """A published dataset that is split into training and test alone.

    Args:
        data_root: The folder of the dataset.
        split: ``'train'`` or ``'test'``.
        kwargs: Arguments of :class:`PublishedDataset`.

    Raises:
        DataNotFoundError: if a file is absent.
        DataError: if a file makes no sense.
    """

    def __init__(
        self, data_root: str, split: Literal['train', 'test'] = 'train', **kwargs: Any
    ) -> None:
        super().__init__(data_root, split, **kwargs)
