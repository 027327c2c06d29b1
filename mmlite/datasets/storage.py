"""How the samples of a dataset lie in memory.

All are sequences of dicts, made anew at each access; the images in an array are
read-only. So nobody can change the dataset by changing a sample.
"""

from __future__ import annotations

import copy
import operator
import pickle
from collections.abc import Sequence
from logging import WARNING

import numpy as np
from mmengine.logging import print_log

from ..errors import DataError

__all__ = [
    'ArrayList',
    'PackedList',
    'PathList',
    'chosen',
    'compact',
    'labels_of',
    'relabelled',
]


class ArrayList(Sequence):
    """Images and labels as two arrays.

    Args:
        images: ``(N, H, W, C)``, uint8.
        labels: ``(N, )``, class indices.

    Example:
        >>> samples = ArrayList(np.zeros((5, 8, 8, 3), np.uint8), np.arange(5))
        >>> samples[2]['gt_label'], samples[2]['img'].shape
        (2, (8, 8, 3))
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images = images.view()
        # Samples are parts of it: numpy refuses to write into one.
        self.images.flags.writeable = False
        self.labels = labels
        self._label_list = labels.tolist()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> dict:
        return {'img': self.images[index], 'gt_label': self._label_list[index]}

    def subset(self, indices: Sequence[int] | slice) -> ArrayList:
        """Some of the samples."""
        return ArrayList(self.images[indices], self.labels[indices])

    def relabelled(self, mapping: np.ndarray) -> ArrayList:
        """The same with each label looked up in ``mapping``."""
        return ArrayList(self.images, mapping[self.labels])


class PackedList(Sequence):
    """Dicts, pickled one behind the other into one string of bytes.

    A million python objects would be copied into every worker, page by page,
    as soon as their reference counts are touched; one string is shared.

    Args:
        samples: The dicts.

    Example:
        >>> PackedList([dict(img_path='a.png'), dict(img_path='b.png')])[1]
        {'img_path': 'b.png'}
    """

    def __init__(self, samples: Sequence[dict]) -> None:
        pieces = [pickle.dumps(sample, protocol=4) for sample in samples]
        self._data = b''.join(pieces)
        self._starts = np.cumsum([0, *map(len, pieces)], dtype=np.int64)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, index: int) -> dict:
        index = range(len(self))[index]
        start, end = self._starts.item(index), self._starts.item(index + 1)
        return pickle.loads(self._data[start:end])

    def subset(self, indices: Sequence[int] | slice) -> PackedList:
        """Some of the samples."""
        if isinstance(indices, slice):
            indices = range(len(self))[indices]
        return PackedList([self[i] for i in indices])


class PathList(Sequence):
    """Paths of images with a label each, as one string of bytes and an array.

    Args:
        paths: The paths, none of which has a null character.
        labels: Their labels.

    Example:
        >>> PathList(['a.png', 'ä b.png'], [1, 0])[1]
        {'img_path': 'ä b.png', 'gt_label': 0}
    """

    def __init__(self, paths: Sequence[str], labels: Sequence[int]) -> None:
        text = ''.join(f'{path}\0' for path in paths)
        self._data = text.encode('utf-8', 'surrogatepass')
        ends = np.flatnonzero(np.frombuffer(self._data, np.uint8) == 0)
        self._starts = np.concatenate([[0], ends + 1]).astype(np.int64)
        self.labels = np.asarray(labels, np.int64)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict:
        index = range(len(self))[index]
        start, end = self._starts.item(index), self._starts.item(index + 1) - 1
        path = self._data[start:end].decode('utf-8', 'surrogatepass')
        return {'img_path': path, 'gt_label': self.labels.item(index)}

    def subset(self, indices: Sequence[int] | slice) -> PathList:
        """Some of the samples."""
        if isinstance(indices, slice):
            indices = range(len(self))[indices]
        chosen = [self[i] for i in indices]
        return PathList(
            [s['img_path'] for s in chosen], [s['gt_label'] for s in chosen]
        )

    def relabelled(self, mapping: np.ndarray) -> PathList:
        """The same with each label looked up in ``mapping``."""
        changed = copy.copy(self)
        changed.labels = mapping[self.labels]
        return changed


def compact(samples: list[dict]) -> Sequence[dict]:
    """Samples as one string of bytes, that processes can share.

    Example:
        >>> type(compact([dict(img_path='a.png', gt_label=1)])).__name__
        'PathList'
        >>> type(compact([dict(img_path='a.png', size=8)])).__name__
        'PackedList'
    """
    keys = ('img_path', 'gt_label')
    if samples and all(tuple(sample) == keys for sample in samples):
        paths, labels = ([sample[key] for sample in samples] for key in keys)
        plain = set(map(type, paths)) == {str} and set(map(type, labels)) == {int}
        if plain and max(map(abs, labels)) < 2**62 and '\0' not in ''.join(paths):
            return PathList(paths, labels)
    return PackedList(samples)


def chosen(
    samples: Sequence[dict], indices: int | Sequence[int], name: str
) -> Sequence[dict]:
    """Some of the samples.

    Args:
        samples: All of them.
        indices: The first so many (the last ones if negative), or their places.
        name: What messages call the dataset.

    Raises:
        DataError: if there is no sample at a place, or none is left.

    Example:
        >>> chosen([dict(a=1), dict(a=2), dict(a=3)], -2, 'Data')
        [{'a': 2}, {'a': 3}]
    """
    total = len(samples)
    places: slice | list[int]
    if isinstance(indices, (int, np.integer)):
        places = slice(indices) if indices >= 0 else slice(indices, None)
        if abs(indices) > total:
            message = f'{name}: indices={indices}, but there are {total} samples, which'
            print_log(f'{message} are all taken', 'current', WARNING)
    elif isinstance(indices, slice):
        places = indices
    else:
        places = [_place(index, total, name) for index in indices]
    kept: Sequence[dict]
    if not isinstance(samples, list):
        kept = samples.subset(places)
    elif isinstance(places, slice):
        kept = samples[places]
    else:
        kept = [samples[place] for place in places]
    if total and not len(kept):
        raise DataError(
            f'{name}: indices={indices} leaves none of {total} samples; name some, or '
            'None for all'
        )
    return kept


def _place(index: int, total: int, name: str) -> int:
    if isinstance(index, (bool, np.bool_)) or not hasattr(index, '__index__'):
        raise DataError(f'{name}: indices holds {index!r}, expected integers')
    place = operator.index(index)
    if not -total <= place < total:
        raise DataError(f'{name} has {total} samples, but indices names {place}')
    return place


def labels_of(samples: Sequence[dict]) -> np.ndarray:
    """The label of every sample, ``(N, )``.

    Raises:
        DataError: if a sample has none, or several.
    """
    labels = getattr(samples, 'labels', None)
    if labels is None:
        labels = [sample.get('gt_label') for sample in samples]
        for place, label in enumerate(labels):
            if not np.isscalar(label):
                raise DataError(
                    f'sample {place} has {"no label" if label is None else label} as '
                    'gt_label, but each should have one class'
                )
    return np.array(labels)


def relabelled(samples: Sequence[dict], mapping: Sequence[int]) -> Sequence[dict]:
    """Samples with each label looked up in a list; in the same kind of storage.

    Args:
        samples: With ``gt_label``, an index or several.
        mapping: The new label of each old one.

    Example:
        >>> relabelled([dict(gt_label=1), dict(gt_label=[0, 1])], [5, 7])
        [{'gt_label': 7}, {'gt_label': [5, 7]}]
    """
    if hasattr(samples, 'relabelled'):
        return samples.relabelled(np.asarray(mapping, np.int64))
    changed = [_with_label(sample, mapping) for sample in samples]
    return compact(changed) if isinstance(samples, PackedList) else changed


def _with_label(sample: dict, mapping: Sequence[int]) -> dict:
    changed = dict(sample)
    for key in ('gt_label', 'gt_label_difficult'):
        label = sample.get(key)
        if isinstance(label, (list, tuple, np.ndarray)):
            changed[key] = [int(mapping[one]) for one in label]
        elif label is not None:
            changed[key] = int(mapping[label])
    return changed
