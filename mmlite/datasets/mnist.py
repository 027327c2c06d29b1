"""MNIST and Fashion-MNIST: 70,000 grey images of 28 x 28 pixels."""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from ..errors import DataError, DataNotFoundError
from ..registry import DATASETS
from .categories import FASHION_MNIST_CLASSES, MNIST_CLASSES
from .download import RemoteFile, fetch
from .downloaded import DownloadedDataset
from .folders import tree
from .published import in_order_of
from .storage import ArrayList

_UNSIGNED_BYTES = 8
_FILES = dict(
    train=('train-images-idx3-ubyte', 'train-labels-idx1-ubyte'),
    test=('t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'),
)


def _published(md5s: dict[str, str], *places: str) -> dict[str, RemoteFile]:
    names = {name: f'{name}.gz' for names in _FILES.values() for name in names}
    return {
        name: RemoteFile(gz, md5s[name], tuple(place + gz for place in places))
        for name, gz in names.items()
    }


def read_idx(path: Path) -> np.ndarray:
    """Read a file in IDX format, gzipped or not: a header, then unsigned bytes.

    Raises:
        DataError: if the file is damaged, or is something else.
    """
    try:
        data = path.read_bytes()
        if data[:2] == b'\x1f\x8b':
            data = gzip.decompress(data)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _damaged(path, str(error)) from error
    if len(data) < 4 or data[:2] != b'\0\0' or data[2] != _UNSIGNED_BYTES:
        raise _damaged(path, f'it begins with {data[:4].hex() or "nothing"}')
    dims, start = data[3], 4 + 4 * data[3]
    header = data[4:start].ljust(4 * dims, b'\0')
    shape = tuple(np.frombuffer(header, '>u4').tolist())
    if len(data) - start != prod(shape):
        raise _damaged(path, f'its header says {shape}, {len(data) - start} bytes came')
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(
        f'{path} is damaged or not in IDX format ({reason}); delete it and start '
        'again to have it downloaded again'
    )


@DATASETS.register_module()
class MNIST(DownloadedDataset):
    """MNIST: 60,000 + 10,000 images of handwritten digits, grey.

    http://yann.lecun.com/exdb/mnist/

    Reads the four files ``train-images-idx3-ubyte`` etc., gzipped or not, from
    ``data_root``, or from ``raw/`` or ``MNIST/raw/`` in it, where torchvision
    puts them.

    Args:
        data_root: Folder of the files.
        split: ``'train'`` or ``'test'``; taken from ``test_mode`` if not stated.
        test_mode: Whether a sample must never be replaced by another; so in the
            test split.
        download: Whether to download the data if they are absent.
        data_prefix: Folder of the data, relative to ``data_root``.
        kwargs: Arguments of :class:`BaseDataset`.

    Shape:
        img: ``(28, 28, 1)``, uint8.

    Raises:
        DataNotFoundError: if the data are absent and cannot be downloaded.
        DataError: if a file is damaged.
    """

    METAINFO: ClassVar[dict] = dict(classes=MNIST_CLASSES)
    image_shape = (28, 28)
    files: ClassVar[dict[str, RemoteFile]] = _published(
        {
            'train-images-idx3-ubyte': 'f68b3c2dcbeaaa9fbdd348bbdeb94873',
            'train-labels-idx1-ubyte': 'd53e105ee54ea40749a09fcbcd1e9432',
            't10k-images-idx3-ubyte': '9fb629c4189551a2d022fa330f9573f3',
            't10k-labels-idx1-ubyte': 'ec29112dd5afa0611ce80d1b7f02629c',
        },
        'https://ossci-datasets.s3.amazonaws.com/mnist/',
        'https://storage.googleapis.com/cvdf-datasets/mnist/',
    )

    def __init__(
        self,
        data_root: str = 'data/mnist',
        split: Literal['train', 'test'] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_root, split, **kwargs)

    def check_files(self) -> None:
        """Say which files are missing."""
        missing = [name for name in _FILES[self.split] if self._path(name) is None]
        if missing:
            raise DataNotFoundError(self._absent(missing))

    def provide(self) -> None:
        """Find the files; download them if they are absent."""
        missing = [name for name in _FILES[self.split] if self._path(name) is None]
        try:
            for name in missing:
                fetch(self.files[name], self.img_prefix)
        except DataNotFoundError as error:
            raise DataNotFoundError(f'{self._absent(missing)}\n{error}') from error

    def _path(self, name: str) -> Path | None:
        for folder in ('', 'raw', f'{type(self).__name__}/raw'):
            for ending in ('', '.gz'):
                path = Path(self.img_prefix, folder, name + ending)
                if path.is_file():
                    return path
        return None

    def _absent(self, missing: list[str]) -> str:
        name, root = type(self).__name__, self.img_prefix or '.'
        found = f'\n  found    {tree(root)}' if Path(root).is_dir() else ''
        wanted = ', '.join(f'{file}.gz' for file in missing)
        return f'{name}: no data in {root}\n  expected {wanted} in it{found}'

    def load_data_list(self) -> ArrayList:
        """Read the images of the split."""
        paths = [self._path(name) for name in _FILES[self.split]]
        images, labels = (read_idx(path) for path in paths)
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise DataError(
                f'{paths[0]} holds {images.shape}, {paths[1]} {labels.shape}; expected '
                'images (N, 28, 28) and labels (N,)'
            )
        samples = ArrayList(images[..., None], labels.astype(np.int64))
        return in_order_of(self.CLASSES, self.METAINFO['classes'], samples)


@DATASETS.register_module()
class FashionMNIST(MNIST):
    """Fashion-MNIST: 60,000 + 10,000 images of clothes, grey.

    Paper: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
    Algorithms, 2017, https://arxiv.org/abs/1708.07747.

    Args:
        data_root: Folder of the files.
        kwargs: Arguments of :class:`MNIST`.

    Shape:
        img: ``(28, 28, 1)``, uint8.
    """

    METAINFO: ClassVar[dict] = dict(classes=FASHION_MNIST_CLASSES)
    files: ClassVar[dict[str, RemoteFile]] = _published(
        {
            'train-images-idx3-ubyte': '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
            'train-labels-idx1-ubyte': '25c81989df183df01b3e8a0aad5dffbe',
            't10k-images-idx3-ubyte': 'bef4ecab320f06d8554ea6380940ec79',
            't10k-labels-idx1-ubyte': 'bb300cfdad3c16e7a12a480ee83cd310',
        },
        'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
        'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/'
        'fashion/',
    )

    def __init__(self, data_root: str = 'data/fashion_mnist', **kwargs: Any) -> None:
        super().__init__(data_root=data_root, **kwargs)
