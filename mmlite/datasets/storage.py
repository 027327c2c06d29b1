"""How the samples of a dataset lie in memory.

Both are sequences of dicts, made anew at each access; the images in an array are
read-only. So nobody can change the dataset by changing a sample.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import numpy as np

__all__ = ['ArrayList', 'PackedList']


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
        # Samples are parts of it: NumPy asks who writes into one to copy it first.
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
