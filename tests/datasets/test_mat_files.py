"""MATLAB files, read without executing anything."""

import base64
import random
import zlib
from pathlib import Path

import numpy as np
import pytest
from support.mat_files import write_mat

from mmlite.datasets.mat_files import read_mat
from mmlite.errors import DataError, DataNotFoundError

CONTENT = dict(
    numbers=np.arange(12.0).reshape(3, 4),
    small=np.array([[1, 2, 3]], np.uint8),
    text='größer',
    cell=['a.jpg', 'b.jpg', np.array([[7]], np.int16)],
    one=dict(name=['x', 'y'], label=np.array([[1, 2]], np.uint16)),
    many=[dict(fname=f'{i}.jpg', label=np.array([[float(i)]])) for i in range(3)],
)

# scipy.io.savemat(file, dict(a=np.arange(6.).reshape(2, 3), s='hi', c=cells,
# r=records)) of scipy 1.17, where cells holds 'u', 'vw' and records has the fields
# fname and class; packed with zlib.
BY_SCIPY = (
    b'eNrzdQzxcXRSMNUzUPB1DNFNy8xJVaA1YIABRk9fPiCVAMRsQMwBpUGAFcpnAmJmkFIgTATSnEBswIAO'
    b'OBwg9Ad7CC0A5TNAaREHPqg+mD0saPYwQu0C2VMMMgHIy8hkYADpm4GkjxGPvmQGiHpC9jAimSMAZJUS'
    b'qY8JRR8TQ1k5RJ8HI0IfEx73FYHFWcBqQeI8QJyWl5ibypCck1hcDNYHMs+CgDtYUdwB4RvqZRWkY9HP'
    b'R8D/PGjhSq79RhTaDws3ALsdJRQ='
)


def same(found, expected):
    if isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected)
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        for key in expected:
            same(found[key], expected[key])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for pair in zip(found, expected, strict=True):
            same(*pair)
    else:
        assert found == expected


@pytest.mark.parametrize('order', ['<', '>'])
@pytest.mark.parametrize('compressed', [True, False])
def test_all_that_datasets_use(tmp_path: Path, order: str, compressed: bool) -> None:
    write_mat(tmp_path / 'a.mat', order, compressed, **CONTENT)
    same(read_mat(tmp_path / 'a.mat'), CONTENT)


def test_a_file_of_scipy(tmp_path: Path) -> None:
    (tmp_path / 'a.mat').write_bytes(zlib.decompress(base64.b64decode(BY_SCIPY)))
    expected = dict(
        a=np.arange(6.0).reshape(2, 3),
        s='hi',
        c=['u', 'vw'],
        r=[{'fname': f'{i}.jpg', 'class': np.array([[i]])} for i in (1, 2)],
    )
    same(read_mat(tmp_path / 'a.mat'), expected)


@pytest.mark.parametrize('seed', range(30))
def test_damaged_files_are_refused_or_read(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    path = tmp_path / 'a.mat'
    write_mat(path, compressed=seed % 2 == 0, **CONTENT)
    whole = path.read_bytes()
    for _ in range(20):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(124, len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data[: rng.choice([None, rng.randrange(len(data))])])
        try:
            read_mat(path)
        except DataError as error:
            assert 'a.mat is damaged, or not a MATLAB file of version 5' in str(error)


def test_no_file_and_another_one(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match='does not exist'):
        read_mat(tmp_path / 'none.mat')
    (tmp_path / 'a.mat').write_bytes(b'\x89HDF\r\n')
    with pytest.raises(DataError, match='not a MATLAB file of version 5'):
        read_mat(tmp_path / 'a.mat')
