"""Published datasets of one label an image, with MATLAB files that list the images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

from ..errors import DataError
from ..registry import DATASETS
from .mat_files import read_mat
from .published import PublishedDataset, numbers_of, published_classes


@DATASETS.register_module()
class DTD(PublishedDataset):
    """Describable Textures: 47 kinds.

    Paper: Describing Textures in the Wild, CVPR 2014,
    https://arxiv.org/abs/1311.3618.

    Layout: ``images/<class>/*.jpg`` and ``imdb/imdb.mat``.

    Args:
        data_root: The folder of the dataset.
        split: ``'train'``, ``'val'``, ``'trainval'`` or ``'test'``.
        kwargs: Arguments of :class:`BaseDataset`.

    Raises:
        DataNotFoundError: if a file is absent.
        DataError: if a file makes no sense.
    """

    METAINFO: ClassVar[dict] = dict(classes=published_classes('DTD'))
    splits: ClassVar[dict[str, str]] = dict.fromkeys(
        ('train', 'val', 'trainval', 'test'), 'imdb/imdb.mat'
    )
    _sets: ClassVar[dict] = dict(train=[1], val=[2], trainval=[1, 2], test=[3])

    def __init__(
        self,
        data_root: str,
        split: Literal['train', 'val', 'trainval', 'test'] = 'trainval',
        **kwargs: Any,
    ) -> None:
        super().__init__(data_root, split, **kwargs)

    def samples(self) -> Iterator[tuple[str, str, int]]:
        """The images of the split."""
        data = read_mat(self.ann_file).get('images')
        names, labels, sets = _fields(data, self.ann_file, 'name', 'class', 'set')
        labels, sets = (numbers_of(x, self.ann_file) for x in (labels, sets))
        for name, label, part in _together(self.ann_file, names, labels, sets):
            if part in self._sets[self.split]:
                yield self.ann_file, str(name), label - 1


@DATASETS.register_module()
class Flowers102(PublishedDataset):
    """Oxford 102 Flower; the names of its classes were not published.

    Paper: Automated Flower Classification over a Large Number of Classes, 2008.

    Layout: ``jpg/image_00001.jpg`` ..., ``imagelabels.mat`` and ``setid.mat``.

    Args:
        data_root: The folder of the dataset.
        split: ``'train'``, ``'val'``, ``'trainval'`` or ``'test'``.
        kwargs: Arguments of :class:`BaseDataset`.

    Raises:
        DataNotFoundError: if a file is absent.
        DataError: if a file makes no sense.
    """

    splits: ClassVar[dict[str, str]] = dict.fromkeys(
        ('train', 'val', 'trainval', 'test'), 'imagelabels.mat'
    )
    images: ClassVar[str] = 'jpg'
    _sets: ClassVar[dict] = dict(
        train=['trnid'], val=['valid'], trainval=['trnid', 'valid'], test=['tstid']
    )

    def __init__(
        self,
        data_root: str,
        split: Literal['train', 'val', 'trainval', 'test'] = 'trainval',
        **kwargs: Any,
    ) -> None:
        super().__init__(data_root, split, **kwargs)

    def samples(self) -> Iterator[tuple[str, str, int]]:
        """The images of the split."""
        (labels,) = _fields(read_mat(self.ann_file), self.ann_file, 'labels')
        labels = numbers_of(labels, self.ann_file)
        source = str(Path(self.data_root, 'setid.mat'))
        for ids in _fields(read_mat(source), source, *self._sets[self.split]):
            for number in numbers_of(ids, source):
                if not 1 <= number <= len(labels):
                    raise DataError(f'{source}: there is no image {number}')
                yield source, f'image_{number:05d}.jpg', labels[number - 1] - 1


@DATASETS.register_module()
class StanfordCars(PublishedDataset):
    """Stanford Cars: 196 models.

    Paper: 3D Object Representations for Fine-Grained Categorization, ICCVW 2013.

    Layout: ``car_ims/*.jpg`` and ``cars_annos.mat``; or ``cars_train/*.jpg``,
    ``cars_test/*.jpg``, ``devkit/cars_train_annos.mat`` and
    ``devkit/cars_test_annos_withlabels.mat``.

    Args:
        data_root: The folder of the dataset.
        split: ``'train'`` or ``'test'``.
        kwargs: Arguments of :class:`BaseDataset`.

    Raises:
        DataNotFoundError: if a file is absent.
        DataError: if a file makes no sense.
    """

    METAINFO: ClassVar[dict] = dict(classes=published_classes('StanfordCars'))
    splits: ClassVar[dict[str, str]] = dict(
        train='devkit/cars_train_annos.mat',
        test='devkit/cars_test_annos_withlabels.mat',
    )

    def __init__(
        self,
        data_root: str,
        split: Literal['train', 'test'] = 'train',
        ann_file: str | None = None,
        data_prefix: str | dict | None = None,
        **kwargs: Any,
    ) -> None:
        is_one_file = Path(data_root, 'cars_annos.mat').is_file()
        if is_one_file and ann_file is None:
            ann_file = 'cars_annos.mat'
        if data_prefix is None:
            data_prefix = '' if is_one_file else f'cars_{split}'
        super().__init__(data_root, split, ann_file, data_prefix, **kwargs)

    def samples(self) -> Iterator[tuple[str, str, int]]:
        """The images of the split."""
        source = self.ann_file
        found = read_mat(source).get('annotations')
        for car in found if isinstance(found, list) else [found]:
            is_one_file = isinstance(car, dict) and 'test' in car
            key = 'relative_im_path' if is_one_file else 'fname'
            name, label = _fields(car, source, key, 'class')
            if is_one_file:
                for_test = numbers_of(car['test'], source) == [1]
                if for_test != (self.split == 'test'):
                    continue
            yield source, str(name), (numbers_of(label, source) or [0])[0] - 1


def _fields(data: Any, source: str, *names: str) -> list[Any]:
    if not isinstance(data, dict) or not set(names) <= data.keys():
        raise DataError(f'{source}: expected a structure with {", ".join(names)}')
    return [data[name] for name in names]


def _together(source: str, *lists: Any) -> Iterator[tuple]:
    if len({len(values) for values in lists}) > 1:
        raise DataError(f'{source}: its lists have {[len(x) for x in lists]} entries')
    return zip(*lists, strict=True)
