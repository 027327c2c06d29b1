"""CIFAR-10 and CIFAR-100: 60,000 photographs of 32 x 32 pixels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from ..errors import DataError, DataNotFoundError
from ..registry import DATASETS
from .categories import CIFAR10_CLASSES, CIFAR100_CLASSES
from .cifar_files import CifarImages, read_binary, read_pickle
from .download import RemoteFile, extract, fetch
from .downloaded import DownloadedDataset
from .folders import tree
from .published import in_order_of
from .storage import ArrayList

_URL = 'https://www.cs.toronto.edu/~kriz/'


class _Version(NamedTuple):
    """One of the forms in which the data were published."""

    folder: str
    files: dict[str, tuple[str, ...]]
    read: Callable[[Path], CifarImages]

    @property
    def names(self) -> list[str]:
        return [name for names in self.files.values() for name in names]


@DATASETS.register_module()
class CIFAR10(DownloadedDataset):
    """CIFAR-10: 50,000 + 10,000 images of 10 classes, in RGB.

    https://www.cs.toronto.edu/~kriz/cifar.html

    Reads the python version (``cifar-10-batches-py``) without executing what its
    pickles ask for, or the binary one (``cifar-10-batches-bin``). If neither is
    there, ``cifar-10-python.tar.gz`` is unpacked from ``data_root``, where it is
    downloaded to if need be.

    Args:
        data_root: Folder with the folder of the files, or that folder itself.
        split: ``'train'`` or ``'test'``; taken from ``test_mode`` if not stated.
        test_mode: Whether a sample must never be replaced by another; so in the
            test split.
        download: Whether to download the data if they are absent.
        data_prefix: Folder of the data, relative to ``data_root``.
        kwargs: Arguments of :class:`BaseDataset`.

    Shape:
        img: ``(32, 32, 3)``, uint8.

    Raises:
        DataNotFoundError: if the data are absent and cannot be downloaded.
        DataError: if a file is damaged, or some of the files are missing.

    Example:
        >>> cfg = dict(type='CIFAR10', data_root='nowhere', download=False)
        >>> DATASETS.build(cfg)
        Traceback (most recent call last):
        mmlite.errors.DataNotFoundError: CIFAR10: no data in nowhere
        ...
    """

    METAINFO: ClassVar[dict] = dict(classes=CIFAR10_CLASSES)
    image_shape = (32, 32, 3)
    archive: ClassVar[RemoteFile] = RemoteFile(
        'cifar-10-python.tar.gz',
        'c58f30108f718f92721af3b95e74349a',
        (_URL + 'cifar-10-python.tar.gz',),
    )
    versions: ClassVar[tuple[_Version, ...]] = (
        _Version(
            'cifar-10-batches-py',
            dict(
                train=tuple(f'data_batch_{i}' for i in range(1, 6)),
                test=('test_batch',),
            ),
            partial(read_pickle, label_keys=('labels',)),
        ),
        _Version(
            'cifar-10-batches-bin',
            dict(
                train=tuple(f'data_batch_{i}.bin' for i in range(1, 6)),
                test=('test_batch.bin',),
            ),
            read_binary,
        ),
    )

    def __init__(
        self,
        data_root: str = 'data/cifar10',
        split: Literal['train', 'test'] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_root, split, **kwargs)

    def check_files(self) -> None:
        """Say what is missing of a version."""
        if self._found() is None:
            raise (DataError if self._lacking() else DataNotFoundError)(self._absent())

    def provide(self) -> None:
        """Find the files; unpack or download them if they are absent."""
        if self._found() is not None:
            return
        root, version = Path(self.img_prefix), self.versions[0]
        try:
            archive = fetch(self.archive, root)
        except DataNotFoundError as error:
            kind = DataError if self._lacking() else DataNotFoundError
            raise kind(f'{self._absent()}\n{error}') from error
        extract(archive, root, [f'{version.folder}/{name}' for name in version.names])

    def _found(self) -> tuple[_Version, Path] | None:
        """The version that is there with all the files of this split."""
        for version in self.versions:
            for folder in (
                Path(self.img_prefix, version.folder),
                Path(self.img_prefix),
            ):
                if all((folder / name).is_file() for name in version.files[self.split]):
                    return version, folder
        return None

    def _lacking(self) -> list[str]:
        """What is missing of a version of which some files are there."""
        for version in self.versions:
            for folder in (
                Path(self.img_prefix, version.folder),
                Path(self.img_prefix),
            ):
                names = version.files[self.split]
                missing = [n for n in names if not (folder / n).is_file()]
                if 0 < len(missing) < len(names):
                    return [str(folder / name) for name in missing]
        return []

    def _absent(self) -> str:
        name, root = type(self).__name__, self.img_prefix or '.'
        if lacking := self._lacking():
            return f'{name}: the data in {root} lack {", ".join(lacking)}'
        folders = ' or '.join(version.folder + '/' for version in self.versions)
        found = ''
        if Path(root).is_dir():
            found = f'\n  found    {tree(root)}'
        return f'{name}: no data in {root}\n  expected {folders} in it{found}'

    def load_data_list(self) -> ArrayList:
        """Read the images of the split."""
        version, folder = self._found()
        parts = [version.read(folder / name) for name in version.files[self.split]]
        for name, part in zip(version.files[self.split], parts, strict=True):
            classes = len(type(self).METAINFO['classes'])
            if part.labels.min(initial=0) < 0 or part.labels.max(initial=0) >= classes:
                raise DataError(
                    f'{folder / name} has labels from {part.labels.min()} to '
                    f'{part.labels.max()}; {type(self).__name__} has {classes} classes'
                )
        samples = ArrayList(
            np.concatenate([part.images for part in parts]),
            np.concatenate([part.labels for part in parts]),
        )
        return in_order_of(self.CLASSES, self.METAINFO['classes'], samples)


@DATASETS.register_module()
class CIFAR100(CIFAR10):
    """CIFAR-100: 50,000 + 10,000 images of 100 classes, in RGB.

    https://www.cs.toronto.edu/~kriz/cifar.html

    As :class:`CIFAR10`; the labels are the fine ones.

    Args:
        data_root: Folder with the folder of the files, or that folder itself.
        kwargs: Arguments of :class:`CIFAR10`.

    Shape:
        img: ``(32, 32, 3)``, uint8.
    """

    METAINFO: ClassVar[dict] = dict(classes=CIFAR100_CLASSES)
    archive: ClassVar[RemoteFile] = RemoteFile(
        'cifar-100-python.tar.gz',
        'eb9058c3a382ffc7106e4002c42a8d85',
        (_URL + 'cifar-100-python.tar.gz',),
    )
    versions: ClassVar[tuple[_Version, ...]] = (
        _Version(
            'cifar-100-python',
            dict(train=('train',), test=('test',)),
            partial(read_pickle, label_keys=('fine_labels',)),
        ),
        _Version(
            'cifar-100-binary',
            dict(train=('train.bin',), test=('test.bin',)),
            partial(read_binary, label_bytes=2),
        ),
    )

    def __init__(self, data_root: str = 'data/cifar100', **kwargs: Any) -> None:
        super().__init__(data_root=data_root, **kwargs)
