"""Write MATLAB files of version 5, as far as tests need them."""

from __future__ import annotations

import struct
import zlib
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

_KINDS = dict(f8=(6, 9), u1=(9, 2), i1=(8, 1), u2=(11, 4), i2=(10, 3), i4=(12, 5))


def _element(kind: int, data: bytes, order: str) -> bytes:
    if 0 < len(data) <= 4:  # stands in the tag
        return struct.pack(f'{order}I', len(data) << 16 | kind) + data.ljust(4, b'\0')
    padding = b'\0' * (-len(data) % 8)
    return struct.pack(f'{order}II', kind, len(data)) + data + padding


def _matrix(name: str, value: Any, order: str) -> bytes:
    parts: list[bytes] = []
    if isinstance(value, str):
        kind, shape = 4, (1, len(value))
        parts = [
            _element(4, value.encode(f'utf-16{"le" if order == "<" else "be"}'), order)
        ]
    elif isinstance(value, np.ndarray):
        kind, stored = _KINDS[value.dtype.str[1:]]
        shape = value.shape
        data = value.astype(value.dtype.newbyteorder(order)).tobytes(order='F')
        parts = [_element(stored, data, order)]
    elif isinstance(value, dict) or (value and isinstance(value[0], dict)):
        rows = [value] if isinstance(value, dict) else value
        kind, shape = 2, (1, len(rows))
        names = b''.join(field.encode().ljust(32, b'\0') for field in rows[0])
        parts = [
            _element(5, struct.pack(f'{order}i', 32), order),
            _element(1, names, order),
            *[_matrix('', entry, order) for row in rows for entry in row.values()],
        ]
    else:
        kind, shape = 1, (1, len(value))
        parts = [_matrix('', entry, order) for entry in value]
    assert prod(shape) >= 0
    head = [
        _element(6, struct.pack(f'{order}II', kind, 0), order),
        _element(5, struct.pack(f'{order}{len(shape)}i', *shape), order),
        _element(1, name.encode(), order),
    ]
    return _element(14, b''.join(head + parts), order)


def write_mat(
    path: Path, order: str = '<', compressed: bool = True, **variables: Any
) -> None:
    """Write variables: texts, arrays of numbers, lists (cells), dicts (structures)."""
    body = b''
    for name, value in variables.items():
        element = _matrix(name, value, order)
        if compressed:
            element = zlib.compress(element)
            element = struct.pack(f'{order}II', 15, len(element)) + element
        body += element
    text = b'MATLAB 5.0 MAT-file, for a test'.ljust(116)
    version = struct.pack(f'{order}H', 0x100) + (b'IM' if order == '<' else b'MI')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text + b'\0' * 8 + version + body)
