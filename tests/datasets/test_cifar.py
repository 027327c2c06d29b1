"""CIFAR, on small files written in the official formats."""

from __future__ import annotations

import hashlib
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from mmlite.datasets import CIFAR10, CIFAR100
from mmlite.datasets.download import RemoteFile
from mmlite.errors import ConfigError, DataError, DataNotFoundError
from mmlite.registry import DATASETS

TRAIN = [f'data_batch_{i}' for i in range(1, 6)]


def rows_of(number: int, count: int = 4) -> tuple[np.ndarray, list[int]]:
    """Pixels as CIFAR stores them (red, green, blue plane by plane), and labels."""
    rng = np.random.RandomState(number)
    return rng.randint(0, 256, (count, 3072), dtype=np.uint8), list(range(count))


def image_of(row: np.ndarray) -> np.ndarray:
    image = np.empty((32, 32, 3), np.uint8)
    for channel in range(3):
        for y in range(32):
            for x in range(32):
                image[y, x, channel] = row[channel * 1024 + y * 32 + x]
    return image


def write_python(root: Path, keys: type = bytes) -> Path:
    folder = root / 'cifar-10-batches-py'
    folder.mkdir(parents=True)
    for number, name in enumerate([*TRAIN, 'test_batch']):
        data, labels = rows_of(number)
        content = {'data': data, 'labels': labels, 'batch_label': name}
        if keys is bytes:
            content = {key.encode(): value for key, value in content.items()}
        with (folder / name).open('wb') as file:
            pickle.dump(content, file, protocol=2)
    return folder


def write_binary(root: Path) -> Path:
    folder = root / 'cifar-10-batches-bin'
    folder.mkdir(parents=True)
    for number, name in enumerate([*TRAIN, 'test_batch']):
        data, labels = rows_of(number)
        records = np.concatenate([np.array(labels, np.uint8)[:, None], data], axis=1)
        records.tofile(folder / f'{name}.bin')
    return folder


@pytest.mark.parametrize('write', [write_python, write_binary])
def test_both_versions_give_the_images_in_order(tmp_path: Path, write) -> None:
    write(tmp_path / 'cifar')
    train = CIFAR10(data_root=str(tmp_path / 'cifar'), download=False)
    test = CIFAR10(data_root=str(tmp_path / 'cifar'), split='test', download=False)
    assert (len(train), len(test)) == (20, 4)
    for number in range(5):
        data, labels = rows_of(number)
        for i, row in enumerate(data):
            info = train.get_data_info(4 * number + i)
            assert info['gt_label'] == labels[i]
            if i == 0:
                np.testing.assert_array_equal(info['img'], image_of(row))
    np.testing.assert_array_equal(
        test.get_data_info(0)['img'], image_of(rows_of(5)[0][0])
    )
    assert train.get_gt_labels().tolist() == [0, 1, 2, 3] * 5
    assert train.CLASSES[:2] == ('airplane', 'automobile')
    assert not train.test_mode and test.test_mode


def test_pickles_with_text_keys_and_a_root_that_is_the_folder(tmp_path: Path) -> None:
    folder = write_python(tmp_path, keys=str)
    assert len(CIFAR10(data_root=str(folder), download=False)) == 20


def test_a_pickle_as_python_2_wrote_it(tmp_path: Path) -> None:
    # The opcodes of the published files: byte strings as str, numpy.core names.
    data, labels = rows_of(0)
    pixels = data.tobytes()
    stream = (
        b'\x80\x02}(U\x04data'
        b'cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R'
        b'(K\x01K\x04M\x00\x0c\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R'
        b'(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89'
        b'T' + len(pixels).to_bytes(4, 'little') + pixels + b'tb'
        b'U\x06labels](K\x00K\x01K\x02K\x03eu.'
    )
    folder = write_python(tmp_path)
    (folder / 'test_batch').write_bytes(stream)
    dataset = CIFAR10(data_root=str(tmp_path), split='test', download=False)
    np.testing.assert_array_equal(dataset.get_data_info(2)['img'], image_of(data[2]))
    assert dataset.get_gt_labels().tolist() == labels


class Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.mark),)


def test_a_pickle_that_wants_something_executed_is_refused(tmp_path: Path) -> None:
    folder = write_python(tmp_path)
    mark = tmp_path / 'executed'
    data, labels = rows_of(0)
    content = {b'data': data, b'labels': labels, b'more': Evil(mark)}
    (folder / 'data_batch_2').write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(DataError, match=r'data_batch_2.*posix.mkdir|nt.mkdir'):
        CIFAR10(data_root=str(tmp_path), download=False)
    assert not mark.exists()


@pytest.mark.parametrize('dtype', [object, np.float32])
def test_arrays_of_anything_else_than_bytes_are_refused(tmp_path, dtype) -> None:
    folder = write_python(tmp_path)
    content = {b'data': np.zeros((4, 3072), dtype), b'labels': [0] * 4}
    (folder / 'test_batch').write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(DataError, match='something else than bytes'):
        CIFAR10(data_root=str(tmp_path), split='test', download=False)


@pytest.mark.parametrize('write', [write_python, write_binary])
@pytest.mark.parametrize('kept', [0, 10, 4000])
def test_a_truncated_file_is_named(tmp_path: Path, write, kept: int) -> None:
    folder = write(tmp_path)
    path = next(folder.glob('data_batch_3*'))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError) as caught:
        CIFAR10(data_root=str(tmp_path), download=False)
    assert str(path) in str(caught.value)
    assert f'delete the folder {folder}' in str(caught.value)


def test_labels_that_are_no_class_are_refused(tmp_path: Path) -> None:
    folder = write_binary(tmp_path)
    record = np.zeros(3073, np.uint8)
    record[0] = 10
    record.tofile(folder / 'test_batch.bin')
    with pytest.raises(DataError, match=r'test_batch.bin has labels from 10 to 10'):
        CIFAR10(data_root=str(tmp_path), split='test', download=False)


def test_cifar100_takes_the_fine_labels(tmp_path: Path) -> None:
    data, _ = rows_of(7)
    python = tmp_path / 'py' / 'cifar-100-python'
    binary = tmp_path / 'bin' / 'cifar-100-binary'
    for folder in (python, binary):
        folder.mkdir(parents=True)
    for split in ('train', 'test'):
        content = {b'data': data, b'coarse_labels': [1] * 4, b'fine_labels': [99] * 4}
        (python / split).write_bytes(pickle.dumps(content, protocol=2))
        labels = np.array([[1, 99]] * 4, np.uint8)
        np.concatenate([labels, data], 1).tofile(binary / f'{split}.bin')
    for root in (python.parent, binary.parent):
        dataset = CIFAR100(data_root=str(root), split='test', download=False)
        assert dataset.get_gt_labels().tolist() == [99] * 4
        assert dataset.CLASSES[99] == 'worm' and len(dataset.CLASSES) == 100
        info = dataset.get_data_info(1)
        np.testing.assert_array_equal(info['img'], image_of(data[1]))


def test_test_mode_alone_names_the_split(tmp_path: Path) -> None:
    write_binary(tmp_path)
    dataset = CIFAR10(data_prefix=str(tmp_path), test_mode=True, download=False)
    assert dataset.split == 'test' and len(dataset) == 4


def test_absent_data_are_answered_with_what_is_expected_and_found(tmp_path) -> None:
    (tmp_path / 'photos').mkdir()
    with pytest.raises(DataNotFoundError) as caught:
        CIFAR10(data_root=str(tmp_path), download=False)
    message = str(caught.value)
    assert f'CIFAR10: no data in {tmp_path}' in message
    assert 'expected cifar-10-batches-py/ or cifar-10-batches-bin/' in message
    assert 'found' in message and 'photos/ (0 files)' in message


def archive_of(folder: Path, path: Path) -> RemoteFile:
    with tarfile.open(path, 'w:gz') as tar:
        tar.add(folder, folder.name)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    return RemoteFile('cifar-10-python.tar.gz', md5, (path.as_uri(),))


def test_an_absent_dataset_is_downloaded_and_unpacked(tmp_path: Path) -> None:
    archive = archive_of(write_python(tmp_path / 'made'), tmp_path / 'x.tar.gz')

    class Small(CIFAR10):
        pass

    Small.archive = archive
    root = tmp_path / 'data' / 'cifar10'
    assert len(Small(data_root=str(root))) == 20
    assert sorted(p.name for p in root.iterdir()) == [
        'cifar-10-batches-py',
        'cifar-10-python.tar.gz',
    ]
    # It is not needed a second time, and an unpacked folder that lost a file is
    # made whole from the archive, without the network.
    (tmp_path / 'x.tar.gz').unlink()
    (root / 'cifar-10-batches-py' / 'data_batch_4').unlink()
    assert len(Small(data_root=str(root))) == 20


def test_without_network_the_error_says_where_to_put_the_file(tmp_path: Path) -> None:
    class Offline(CIFAR10):
        archive = CIFAR10.archive._replace(
            urls=(f'{tmp_path.as_uri()}/cifar-10-python.tar.gz',)
        )

    root = tmp_path / 'data'
    with pytest.raises(DataNotFoundError) as caught:
        Offline(data_root=str(root))
    message = str(caught.value)
    assert f'tried {Offline.archive.urls[0]}' in message
    assert f'put it at {root}/cifar-10-python.tar.gz' in message
    assert not root.exists()


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"split: .*'train' \| 'test'.*got 'val'"):
        DATASETS.build(dict(type='CIFAR10', split='val'))
