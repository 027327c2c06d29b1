"""Images that were decoded once, and lie in one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..registry import DATASETS
from .annotations import check_samples
from .base_dataset import BaseDataset
from .packed_fields import as_arrays
from .packed_files import INDEX, open_images, read_index
from .storage import compact, labels_of, relabelled
from .transforms import LoadImageFromFile


class MappedList(Sequence):
    """Annotations in memory, and images in a file that is mapped into memory.

    Processes that read the file share its pages. A copy of the list for another
    process holds no images, but opens the file again.

    Args:
        folder: A folder of packed images.
        annotations: One for each image; of the whole file.
        rows: Which images, in which order; all if None.
        shape: Shape of the array of images, where it is known.
    """

    def __init__(
        self,
        folder: str | Path,
        annotations: Sequence[dict],
        rows: np.ndarray | None = None,
        shape: Sequence[int] | None = None,
    ) -> None:
        self.folder = folder
        self.annotations = annotations
        self.rows = np.arange(len(annotations)) if rows is None else rows
        self.images = open_images(folder, shape)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict:
        row = self.rows[index]
        img = self.images[row]
        size = img.shape[:2]
        kept = as_arrays(self.annotations[row])
        return kept | dict(img=img, img_shape=size, ori_shape=size)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array of all images."""
        return self.images.shape

    @property
    def labels(self) -> np.ndarray:
        """The label of each image, ``(N, )``."""
        return labels_of(self.annotations)[self.rows]

    def subset(self, indices: Sequence[int] | slice) -> MappedList:
        """Some of the samples."""
        return MappedList(self.folder, self.annotations, self.rows[indices], self.shape)

    def relabelled(self, mapping: np.ndarray) -> MappedList:
        """The same with each label looked up in ``mapping``."""
        annotations = relabelled(self.annotations, mapping)
        return MappedList(self.folder, annotations, self.rows, self.shape)

    def __reduce__(self) -> tuple:
        return MappedList, (self.folder, self.annotations, self.rows, self.shape)


@DATASETS.register_module()
class PackedDataset(BaseDataset):
    """A dataset that ``mmlite pack-dataset`` has decoded: no file is decoded again.

    It stands in the place of the dataset that it was made from; its pipeline begins
    without ``LoadImageFromFile``. All images are of one size. Channels are in the
    order of the dataset they come from, BGR if it read files.

    Args:
        data_root: The folder that was written.
        pipeline: The transforms.
        kwargs: Arguments of :class:`BaseDataset`.

    Shape:
        img: ``(H, W, C)``, uint8; read-only.

    Raises:
        ValueError: if the pipeline reads files.
        DataNotFoundError: if the folder holds no packed images.
        DataError: if a file is damaged.

    Example:
        >>> from mmlite.datasets.packed_files import PackWriter
        >>> with PackWriter('digits', count=1) as writer:
        ...     writer.add(np.zeros((8, 8, 3), np.uint8), dict(gt_label=1))
        ...     writer.finish(classes=['zero', 'one'])
        >>> packed = DATASETS.build(dict(type='PackedDataset', data_root='digits'))
        >>> packed[0]['img'].shape, packed.CLASSES
        ((8, 8, 3), ('zero', 'one'))
    """

    def __init__(self, data_root: str, pipeline: Sequence = (), **kwargs: Any) -> None:
        super().__init__(data_root=data_root, pipeline=pipeline, **kwargs)
        if any(isinstance(s, LoadImageFromFile) for s in self.pipeline.transforms):
            raise ValueError(
                'packed images are decoded already; remove LoadImageFromFile from the '
                'pipeline'
            )

    def prepare(self) -> None:
        """Check that the folder holds packed images."""
        read_index(self.data_root)

    def load_data_list(self) -> MappedList:
        """Open the file of the images, and read the annotations in."""
        index = read_index(self.data_root)
        if self.CLASSES is None and index['classes'] is not None:
            self._metainfo['classes'] = tuple(index['classes'])
        check_samples(index['samples'], self.CLASSES, Path(self.data_root, INDEX))
        samples = compact(index['samples'])
        return MappedList(self.data_root, samples, shape=index['shape'])
