"""Files of disparities: PFM, 16-bit PNG, npy."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np

from ...errors import DataError, check_positive
from .decoding import decode_or_none

__all__ = ['decode_disparity', 'decode_pfm', 'encode_disparity', 'encode_pfm']

_HEADER = re.compile(rb'(P[Ff])\s+(\d+)\s+(\d+)\s+(\S+)[ \t\r]*\n')
_LARGEST = 65535
_DIGITS = 9  # of the sides of a picture

#: What numpy raises for a file that is cut off, damaged, or something else.
_UNREADABLE = (
    AttributeError,
    EOFError,
    IndexError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def decode_pfm(data: bytes, name: str = 'the file') -> np.ndarray:
    """What a PFM file holds, top row first, as it is stored.

    The sign of the scale in the header is the byte order; its size has no meaning that
    programs agree on, so that values are never multiplied by it.

    Args:
        data: The file.
        name: How errors name it.

    Shape:
        returns: float32, ``(H, W)`` or ``(H, W, 3)``, in native byte order.

    Raises:
        DataError: if it is none.

    Example:
        >>> decode_pfm(encode_pfm(np.float32([[1, 2], [3, np.inf]])))
        array([[ 1.,  2.],
               [ 3., inf]], dtype=float32)
    """
    header = _HEADER.match(data)
    if header is None:
        raise DataError(
            f'{name} is not a PFM file: expected a header "Pf width height scale", got '
            f'{data[:24]!r}'
        )
    kind, width, height, scale = header.groups()
    if max(len(width), len(height)) > _DIGITS:
        raise DataError(f'{name}: its header claims more pixels than there can be')
    if not int(width) or not int(height):
        raise DataError(f'{name}: its header claims no pixel')
    try:
        factor = float(scale)
    except ValueError:
        factor = 0.0
    if not factor or not np.isfinite(factor):
        raise DataError(
            f'{name}: the scale of a PFM file is a number other than 0, got {scale!r}'
        )
    if abs(factor) != 1:
        warnings.warn(
            f'{name} has the scale {factor:g}, which is not applied: values are taken '
            'as they are stored',
            stacklevel=2,
        )
    shape = (int(height), int(width)) + ((3,) if kind == b'PF' else ())
    expected = 4 * int(np.prod(shape))
    body = data[header.end() :]
    if len(body) < expected:
        raise DataError(
            f'{name} is cut off: {width.decode()}x{height.decode()} take {expected} '
            f'bytes, and it has {len(body)}'
        )
    order = '<' if factor < 0 else '>'
    values = np.frombuffer(body[:expected], f'{order}f4').reshape(shape)
    return np.ascontiguousarray(values[::-1], dtype=np.float32)


def encode_pfm(values: np.ndarray) -> bytes:
    r"""A PFM file, with the bytes in little-endian order.

    Shape:
        values: ``(H, W)`` or ``(H, W, 3)``.

    Example:
        >>> encode_pfm(np.zeros((1, 2)))
        b'Pf\n2 1\n-1.0\n\x00\x00\x00\x00\x00\x00\x00\x00'
    """
    values = np.asarray(values, '<f4')
    if (
        values.ndim not in (2, 3)
        or values.shape[2:] not in ((), (3,))
        or not values.size
    ):
        raise DataError(
            'a PFM file holds (H, W) or (H, W, 3) with a pixel at least, got the shape '
            f'{values.shape}'
        )
    kind = 'PF' if values.ndim == 3 else 'Pf'
    height, width = values.shape[:2]
    return f'{kind}\n{width} {height}\n-1.0\n'.encode() + values[::-1].tobytes()


def decode_disparity(data: bytes, path: str, scale: float = 256.0) -> np.ndarray:
    """A disparity from the bytes of a file, in px.

    Args:
        data: The file.
        path: Its name; the ending says what it is: ``.pfm``, ``.png``, ``.npy`` or
            ``.npz`` (its first array).
        scale: What the 16 bits of a PNG are divided by: 256, or 128 for the full size
            of DrivingStereo.

    Shape:
        returns: float32, ``(H, W)``.

    Raises:
        DataError: if it is no disparity.
    """
    ending = Path(path).suffix.lower()
    if ending == '.pfm':
        values = decode_pfm(data, path)
        return values if values.ndim == 2 else np.ascontiguousarray(values[..., 0])
    if ending in ('.npy', '.npz'):
        try:
            read = np.load(io.BytesIO(data), allow_pickle=False)
            read = read[read.files[0]] if ending == '.npz' else read
            if read.dtype.kind not in 'biuf':
                raise TypeError(f'an array of {read.dtype}')
            values = np.asarray(read, np.float32)
        except _UNREADABLE as error:
            raise DataError(f'{path} holds no array of numbers: {error}') from None
    elif ending == '.png':
        check_positive(scale=scale)
        read = decode_or_none(data, cv2.IMREAD_UNCHANGED)
        if read is None:
            raise DataError(f'{path} is not an image that can be decoded')
        if read.dtype != np.uint16 or read.ndim != 2:
            raise DataError(
                f'{path}: a disparity is a PNG file of one channel of 16 bits, got '
                f'{read.dtype} of shape {read.shape}; a coloured picture of one is '
                'not ground truth'
            )
        values = read.astype(np.float32) / np.float32(scale)
    else:
        raise DataError(
            f'{path}: a disparity is a .pfm, .png, .npy or .npz file, got {ending!r}'
        )
    if values.ndim != 2:
        raise DataError(f'{path}: a disparity is (H, W), got the shape {values.shape}')
    return values


def encode_disparity(disparity: np.ndarray, path: str, scale: float = 256.0) -> bytes:
    """The bytes of a file with a disparity in px; its ending says of which kind.

    In a PNG file 0 stands for unknown: what is positive is 1 at least, what is not
    finite or not positive is 0, and what is too large is the largest value, which is
    warned of.

    Args:
        disparity: The disparity.
        path: Name of the file: ``.pfm``, ``.png`` or ``.npy``.
        scale: What px are multiplied by for the 16 bits of a PNG.

    Shape:
        disparity: ``(H, W)``, px.

    Raises:
        DataError: if the ending is another one.

    Example:
        >>> data = encode_disparity(np.float32([[0.001, 2.5, 0]]), 'a.png')
        >>> decode_disparity(data, 'a.png').tolist()
        [[0.00390625, 2.5, 0.0]]
    """
    values = np.asarray(disparity, np.float32)
    if values.ndim != 2:
        raise DataError(f'a disparity is (H, W), got the shape {values.shape}')
    ending = Path(path).suffix.lower()
    if ending == '.pfm':
        return encode_pfm(values)
    if ending == '.npy':
        file = io.BytesIO()
        np.save(file, values)
        return file.getvalue()
    if ending != '.png':
        raise DataError(
            f'{path}: a disparity is written as .png, .pfm or .npy, got {ending!r}'
        )
    check_positive(scale=scale)
    known = np.isfinite(values) & (values > 0)
    scaled = np.round(np.where(known, values, 0).astype(np.float64) * scale)
    if scaled.max(initial=0) > _LARGEST:
        warnings.warn(
            f'{path}: disparities above {_LARGEST / scale:g} px do not fit into 16 '
            'bits and are written as that; write a .pfm file',
            stacklevel=2,
        )
    stored = np.where(known, scaled.clip(1, _LARGEST), 0).astype(np.uint16)
    return cv2.imencode('.png', stored)[1].tobytes()
