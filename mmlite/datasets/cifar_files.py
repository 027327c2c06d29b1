"""Read the published files of CIFAR, without executing anything in them.

The python version consists of pickles, which can name any function and have it
called. Here the few names that an array of bytes needs stand for classes that
can hold one and do nothing; any other name is refused.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError

__all__ = ['CifarImages', 'read_binary', 'read_pickle']

_PIXELS = 3 * 32 * 32


class CifarImages(NamedTuple):
    """What one file holds.

    Args:
        images: ``(N, 32, 32, 3)``, uint8, RGB.
        labels: ``(N, )``, int64.
    """

    images: np.ndarray
    labels: np.ndarray


class _Kind:
    """Stands for a numpy dtype: knows its code, e.g. ``'u1'``."""

    def __init__(self, code: str, *_: object) -> None:
        self.code = code

    def __setstate__(self, state: object) -> None:
        """The byte order, which a single byte does not have."""


class _Bytes:
    """Stands for a numpy array: takes shape, type and bytes."""

    def __init__(self, *_: object) -> None:
        self.array: np.ndarray | None = None

    def __setstate__(self, state: tuple) -> None:
        _, shape, kind, in_columns, data = state
        if isinstance(data, str):  # how Python 3 sees the bytes of Python 2
            data = data.encode('latin1')
        if getattr(kind, 'code', None) not in ('u1', '|u1') or len(data) != prod(shape):
            raise ValueError('it holds an array of something else than bytes')
        flat = np.frombuffer(data, np.uint8)
        self.array = flat.reshape(shape, order='F' if in_columns else 'C')


def _encode(text: str, encoding: str) -> bytes:
    """How Python 3 writes bytes into the pickle format of Python 2."""
    if encoding not in ('latin1', 'latin-1'):
        raise ValueError(f'it holds text in {encoding!r}')
    return text.encode('latin1')


_ALLOWED = {
    ('numpy.core.multiarray', '_reconstruct'): _Bytes,
    ('numpy._core.multiarray', '_reconstruct'): _Bytes,
    ('numpy', 'ndarray'): _Bytes,
    ('numpy', 'dtype'): _Kind,
    ('_codecs', 'encode'): _encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(
                f'it asks for {module}.{name}, which a file of images does not need; '
                'nothing was executed'
            )
        return _ALLOWED[module, name]


def read_pickle(path: Path, label_keys: Sequence[str]) -> CifarImages:
    """Read a file of the python version.

    Args:
        path: E.g. ``cifar-10-batches-py/data_batch_1``.
        label_keys: The key of the labels; the first one found is taken.

    Raises:
        DataError: if the file is damaged, or is something else.
    """
    try:
        with path.open('rb') as file:
            content = _Unpickler(file, encoding='latin1').load()
        named = {_text(key): value for key, value in content.items()}
        data = named['data'].array
        labels = np.array(next(named[k] for k in label_keys if k in named), np.int64)
        if data.shape != (len(labels), _PIXELS):
            raise ValueError(f'{len(labels)} labels for pixels {data.shape}')
    except OSError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise _damaged(path, error) from error
    return CifarImages(_rgb(data), labels)


def _text(key: object) -> str:
    return key.decode('latin1') if isinstance(key, bytes) else str(key)


def read_binary(path: Path, label_bytes: int = 1) -> CifarImages:
    """Read a file of the binary version: labels and 3,072 pixels, again and again.

    Args:
        path: E.g. ``cifar-10-batches-bin/data_batch_1.bin``.
        label_bytes: Labels before each image; the last one is taken.

    Raises:
        DataError: if the file does not end where an image does.
    """
    data = np.fromfile(path, np.uint8)
    record = label_bytes + _PIXELS
    if not len(data) or len(data) % record:
        found = f'{len(data)} bytes are not a multiple of {record}'
        raise _damaged(path, ValueError(found))
    rows = data.reshape(-1, record)
    return CifarImages(
        _rgb(rows[:, label_bytes:]), rows[:, label_bytes - 1].astype(np.int64)
    )


def _rgb(rows: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


def _damaged(path: Path, error: Exception) -> DataError:
    reason = str(error) or type(error).__name__
    return DataError(
        f'{path} is damaged or not a file of CIFAR ({reason}); delete the folder '
        f'{path.parent} and start again to have it downloaded again'
    )
