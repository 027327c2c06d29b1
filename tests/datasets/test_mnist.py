from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from mmlite.datasets import MNIST, FashionMNIST
from mmlite.datasets.download import RemoteFile
from mmlite.errors import DataError, DataNotFoundError

IMAGES = np.arange(3 * 28 * 28, dtype=np.uint64).astype(np.uint8).reshape(3, 28, 28)
LABELS = np.array([7, 0, 9], np.uint8)


def idx(array: np.ndarray) -> bytes:
    header = struct.pack('>BBBB', 0, 0, 8, array.ndim)
    return header + struct.pack(f'>{array.ndim}I', *array.shape) + array.tobytes()


def write(folder: Path, prefix: str, zipped: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in (('images-idx3', IMAGES), ('labels-idx1', LABELS)):
        data = idx(array)
        path = folder / f'{prefix}-{name}-ubyte'
        if zipped:
            path.with_name(path.name + '.gz').write_bytes(gzip.compress(data))
        else:
            path.write_bytes(data)


@pytest.mark.parametrize('zipped', [True, False])
@pytest.mark.parametrize('place', ['', 'raw', 'MNIST/raw'])
def test_images_and_labels_are_read(tmp_path: Path, zipped, place) -> None:
    write(tmp_path / place, 'train', zipped)
    dataset = MNIST(data_root=str(tmp_path), download=False)
    assert dataset.get_gt_labels().tolist() == [7, 0, 9]
    info = dataset.get_data_info(1)
    assert info['img'].shape == (28, 28, 1)
    np.testing.assert_array_equal(info['img'][..., 0], IMAGES[1])
    assert dataset.CLASSES[7] == '7 - seven'


def test_the_test_split_has_files_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, 't10k', zipped=False)
    args = dict(data_root=str(tmp_path), download=False)
    assert FashionMNIST(split='test', **args).CLASSES[9] == 'Ankle boot'
    with pytest.raises(DataNotFoundError, match=r'train-images-idx3-ubyte.gz'):
        FashionMNIST(split='train', **args)


@pytest.mark.parametrize(
    'data',
    [
        b'',
        b'PNG!',
        idx(IMAGES)[:-1],
        idx(IMAGES) + b'x',
        idx(IMAGES)[:9],
        idx(IMAGES.astype(np.uint8))[:2] + b'\x0d' + idx(IMAGES)[3:],
        gzip.compress(idx(IMAGES), mtime=0)[:50],
        b'\x1f\x8b' + b'no gzip',
    ],
)
def test_damaged_files_are_named(tmp_path: Path, data: bytes) -> None:
    write(tmp_path, 'train', zipped=False)
    path = tmp_path / 'train-images-idx3-ubyte'
    path.write_bytes(data)
    with pytest.raises(DataError, match='train-images-idx3-ubyte is damaged'):
        MNIST(data_root=str(tmp_path), download=False)


def test_images_and_labels_must_be_as_many(tmp_path: Path) -> None:
    write(tmp_path, 'train', zipped=False)
    (tmp_path / 'train-labels-idx1-ubyte').write_bytes(idx(LABELS[:2]))
    with pytest.raises(DataError, match=r'\(3, 28, 28\).*\(2,\)'):
        MNIST(data_root=str(tmp_path), download=False)


def test_only_missing_files_are_downloaded(tmp_path: Path) -> None:
    import hashlib

    source = tmp_path / 'server'
    write(source, 'train', zipped=True)

    class Small(MNIST):
        files = {
            path.name[: -len('.gz')]: RemoteFile(
                path.name,
                hashlib.md5(path.read_bytes()).hexdigest(),
                (path.as_uri(),),
            )
            for path in source.iterdir()
        }

    root = tmp_path / 'data'
    assert len(Small(data_root=str(root))) == 3
    assert len(list(root.iterdir())) == 2
    (source / 'train-images-idx3-ubyte.gz').unlink()
    assert len(Small(data_root=str(root))) == 3
