"""Published datasets of one label an image, with text files that list the images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

from ..errors import DataError
from ..registry import DATASETS
from .published import (
    PublishedDataset,
    TrainTestDataset,
    lines_of,
    published_classes,
)


@DATASETS.register_module()
class CUB(PublishedDataset):
    """CUB-200-2011: birds of 200 kinds.

    Paper: The Caltech-UCSD Birds-200-2011 Dataset, 2011.

    Layout: ``images/<class>/*.jpg``, ``images.txt``, ``image_class_labels.txt`` and
    ``train_test_split.txt`` in ``data_root``.

    Args:
        data_root: The folder of the dataset.
        split: ``'train'`` or ``'test'``.
        test_mode: Whether a sample must never be replaced by another.
        kwargs: Arguments of :class:`BaseDataset`.

    Raises:
        DataNotFoundError: if a file is absent.
        DataError: if a file makes no sense.
    """

    METAINFO: ClassVar[dict] = dict(classes=published_classes('CUB'))
    splits: ClassVar[dict[str, str]] = dict(train='images.txt', test='images.txt')

    def __init__(
        self,
        data_root: str,
        split: Literal['train', 'test'] = 'train',
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_root, split, test_mode=test_mode, **kwargs)

    def samples(self) -> Iterator[tuple[str, str, int]]:
        """The images of the split."""
        wanted = '1' if self.split == 'train' else '0'
        files = ('image_class_labels.txt', 'train_test_split.txt')
        for place, path, label, in_train in self.listed(*files):
            if in_train == wanted:
                yield place, path, self.number(label, place) - 1

    def listed(self, *files: str) -> Iterator[tuple[str, ...]]:
        """Of each image: where it is listed, its path, and what files say of it.

        Args:
            files: Names of files with lines ``number value``.
        """
        values = [
            {number: value for _, (number, value) in lines_of(path, 2)}
            for path in (Path(self.data_root, file) for file in files)
        ]
        for place, (number, path) in lines_of(self.ann_file, 2):
            if not all(number in known for known in values):
                raise DataError(
                    f'{place}: image {number} is not in {" and ".join(files)}'
                )
            yield place, path, *(known[number] for known in values)


@DATASETS.register_module()
class Caltech101(TrainTestDataset):
    """Caltech 101: 101 kinds of things, and a background.

    Paper: Learning Generative Visual Models from Few Training Examples, CVPRW 2004.

    Layout: ``101_ObjectCategories/<class>/*.jpg``; ``meta/train.txt`` and
    ``meta/test.txt`` with lines ``path label``, as OpenMMLab publishes them.

    Args:
        data_root: The folder of the dataset.
        split: ``'train'`` or ``'test'``.
        kwargs: Arguments of :class:`BaseDataset`.
    """

    METAINFO: ClassVar[dict] = dict(classes=published_classes('Caltech101'))
    splits: ClassVar[dict[str, str]] = dict(
        train='meta/train.txt', test='meta/test.txt'
    )
    images: ClassVar[str] = '101_ObjectCategories'

    def samples(self) -> Iterator[tuple[str, str, int]]:
        """The images of the split."""
        for place, (path, label) in lines_of(self.ann_file, 2):
            yield place, path, self.number(label, place)


@DATASETS.register_module()
class FGVCAircraft(PublishedDataset):
    """FGVC-Aircraft: aeroplanes of 100 variants.

    Paper: Fine-Grained Visual Classification of Aircraft, 2013,
    https://arxiv.org/abs/1306.5151.

    Layout: ``data/images/*.jpg`` and ``data/images_variant_<split>.txt``.

    Args:
        data_root: The folder of the dataset.
        split: ``'train'``, ``'val'``, ``'trainval'`` or ``'test'``.
        kwargs: Arguments of :class:`BaseDataset`.
    """

    METAINFO: ClassVar[dict] = dict(classes=published_classes('FGVCAircraft'))
    splits: ClassVar[dict[str, str]] = {
        split: f'data/images_variant_{split}.txt'
        for split in ('train', 'val', 'trainval', 'test')
    }
    images: ClassVar[str] = 'data/images'

    def __init__(
        self,
        data_root: str,
        split: Literal['train', 'val', 'trainval', 'test'] = 'trainval',
        **kwargs: Any,
    ) -> None:
        super().__init__(data_root, split, **kwargs)

    def samples(self) -> Iterator[tuple[str, str, int]]:
        """The images of the split."""
        for place, (name, *words) in lines_of(self.ann_file):
            yield place, f'{name}.jpg', self.label_of(' '.join(words), place)


@DATASETS.register_module()
class Food101(TrainTestDataset):
    """Food-101: dishes.

    Paper: Food-101 - Mining Discriminative Components with Random Forests, ECCV 2014.

    Layout: ``images/<class>/*.jpg``, ``meta/train.txt`` and ``meta/test.txt``.

    Args:
        data_root: The folder of the dataset.
        split: ``'train'`` or ``'test'``.
        kwargs: Arguments of :class:`BaseDataset`.
    """

    METAINFO: ClassVar[dict] = dict(classes=published_classes('Food101'))
    splits: ClassVar[dict[str, str]] = dict(
        train='meta/train.txt', test='meta/test.txt'
    )

    def samples(self) -> Iterator[tuple[str, str, int]]:
        """The images of the split."""
        for place, (path,) in lines_of(self.ann_file, 1):
            yield place, f'{path}.jpg', self.label_of(path.partition('/')[0], place)


@DATASETS.register_module()
class OxfordIIITPet(PublishedDataset):
    """Oxford-IIIT Pet: 37 breeds of cats and dogs.

    Paper: Cats and Dogs, CVPR 2012.

    Layout: ``images/*.jpg``, ``annotations/trainval.txt``, ``annotations/test.txt``.

    Args:
        data_root: The folder of the dataset.
        split: ``'trainval'`` or ``'test'``.
        kwargs: Arguments of :class:`BaseDataset`.
    """

    METAINFO: ClassVar[dict] = dict(classes=published_classes('OxfordIIITPet'))
    splits: ClassVar[dict[str, str]] = dict(
        trainval='annotations/trainval.txt', test='annotations/test.txt'
    )

    def __init__(
        self,
        data_root: str,
        split: Literal['trainval', 'test'] = 'trainval',
        **kwargs: Any,
    ) -> None:
        super().__init__(data_root, split, **kwargs)

    def samples(self) -> Iterator[tuple[str, str, int]]:
        """The images of the split."""
        for place, (name, label, *_) in lines_of(self.ann_file, 4):
            yield place, f'{name}.jpg', self.number(label, place) - 1


@DATASETS.register_module()
class SUN397(TrainTestDataset):
    """SUN397: scenes.

    Paper: SUN Database: Large-scale Scene Recognition from Abbey to Zoo, CVPR 2010.

    Layout: ``SUN397/a/abbey/*.jpg``, ``Partitions/Training_01.txt`` and
    ``Partitions/Testing_01.txt``. Some files are no JPEG in spite of their names; all
    backends read them.

    Args:
        data_root: The folder of the dataset.
        split: ``'train'`` or ``'test'``.
        kwargs: Arguments of :class:`BaseDataset`.
    """

    METAINFO: ClassVar[dict] = dict(classes=published_classes('SUN397'))
    splits: ClassVar[dict[str, str]] = dict(
        train='Partitions/Training_01.txt', test='Partitions/Testing_01.txt'
    )
    images: ClassVar[str] = 'SUN397'

    def samples(self) -> Iterator[tuple[str, str, int]]:
        """The images of the split."""
        for place, (path,) in lines_of(self.ann_file, 1):  # /a/abbey/sun_x.jpg
            name = '_'.join(path.split('/')[2:-1])
            yield place, path.lstrip('/'), self.label_of(name, place)
