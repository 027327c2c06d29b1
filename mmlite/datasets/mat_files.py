"""Read MATLAB files of version 5, in which some datasets are published."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, DataNotFoundError

__all__ = ['read_mat']

_HEADER = 128  # bytes
_LARGEST = 2**30  # bytes, once unpacked
_NUMBERS = {
    1: 'i1',
    2: 'u1',
    3: 'i2',
    4: 'u2',
    5: 'i4',
    6: 'u4',
    7: 'f4',
    9: 'f8',
    12: 'i8',
    13: 'u8',
}
_TEXTS = {1: 'latin1', 2: 'latin1', 4: 'utf-16', 16: 'utf-8', 17: 'utf-16'}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR, _LAST_NUMERIC = 1, 2, 4, 15


def read_mat(path: str | Path) -> dict[str, Any]:
    """The variables in a file.

    Arrays of numbers become numpy arrays, rows of characters texts, cells lists,
    structures dicts of their fields, and arrays of structures lists of these.

    Raises:
        DataNotFoundError: if there is no such file.
        DataError: if it is damaged, or holds something else.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise DataNotFoundError(f'{path} does not exist') from error
    except OSError as error:
        raise DataError(f'cannot read {path}: {error.strerror or error}') from error
    try:
        order = {b'IM': '<', b'MI': '>'}[data[_HEADER - 2 : _HEADER]]
        named = (_Reader(order).named(*e) for e in _elements(data[_HEADER:], order))
        return {name: value for found in named for name, value in found}
    except (
        IndexError,
        KeyError,
        MemoryError,
        OverflowError,
        RecursionError,
        ValueError,
        struct.error,
        zlib.error,
    ) as error:
        reason = str(error) or type(error).__name__
        raise DataError(
            f'{path} is damaged, or not a MATLAB file of version 5 ({reason}); '
            'fetch it again'
        ) from error


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """The kind and the bytes of each element, one behind the other."""
    start = 0
    while start + 8 <= len(data):
        kind, size = struct.unpack_from(f'{order}II', data, start)
        if kind >> 16:  # up to four bytes stand in the tag
            kind, size, begin, end = kind & 0xFFFF, kind >> 16, start + 4, start + 8
        else:
            begin = start + 8
            end = begin + size
            end += 0 if kind == _COMPRESSED else -size % 8
        if begin + size > len(data):
            raise ValueError('it ends too early')
        yield kind, data[begin : begin + size]
        start = end


class _Reader:
    """Makes values of elements.

    Args:
        order: ``'<'`` or ``'>'``, the order of bytes.
    """

    def __init__(self, order: str) -> None:
        self.order = order

    def named(self, kind: int, data: bytes) -> Iterator[tuple[str, Any]]:
        """The variables of an element at the top."""
        if kind == _COMPRESSED:
            data = zlib.decompressobj().decompress(data, _LARGEST)
            for inner in _elements(data, self.order):
                yield from self.named(*inner)
        elif kind == _MATRIX:
            yield self.matrix(data)

    def matrix(self, data: bytes) -> tuple[str, Any]:
        """The name and the value of a matrix."""
        parts = list(_elements(data, self.order))
        if not parts:
            return '', np.zeros((0, 0))
        (_, flags), (_, sizes), (_, name), *rest = parts
        kind = struct.unpack_from(f'{self.order}I', flags)[0] & 0xFF
        shape = tuple(np.frombuffer(sizes, f'{self.order}i4').tolist())
        if min(shape, default=0) < 0:
            raise ValueError(f'a shape is {shape}')
        return name.decode('latin1'), self._value(kind, shape, rest)

    def _value(self, kind: int, shape: tuple, parts: list[tuple[int, bytes]]) -> Any:
        if kind == _CELL:
            return [self.matrix(data)[1] for _, data in parts]
        if kind == _STRUCT:
            return self._structures(shape, parts)
        if kind == _CHAR:
            return self._text(*parts[0]) if parts else ''
        if not _CHAR + 1 < kind <= _LAST_NUMERIC:
            raise ValueError(f'it holds an array of kind {kind}')
        stored, data = parts[0]
        array = np.frombuffer(data, self.order + _NUMBERS[stored])
        return array.reshape(shape, order='F')

    def _text(self, kind: int, data: bytes) -> str:
        encoding = _TEXTS[kind]
        if encoding == 'utf-16':
            encoding += 'le' if self.order == '<' else 'be'
        return data.decode(encoding)

    def _structures(self, shape: tuple, parts: list[tuple[int, bytes]]) -> Any:
        (_, length), (_, text), *values = parts
        size = struct.unpack_from(f'{self.order}i', length)[0]
        if size <= 0:
            raise ValueError(f'names of fields have {size} bytes')
        pieces = [text[i : i + size] for i in range(0, len(text), size)]
        names = [piece.rstrip(b'\0').decode('latin1') for piece in pieces]
        count = prod(shape)
        if len(values) != count * len(names):
            raise ValueError(f'{len(values)} values for {count} x {len(names)} fields')
        fields = iter([self.matrix(data)[1] for _, data in values])
        found = [{name: next(fields) for name in names} for _ in range(count)]
        return found[0] if count == 1 else found
