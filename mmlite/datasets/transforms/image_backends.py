"""Decode the bytes of an image, to the same pixels whatever the backend."""

from __future__ import annotations

import importlib.util
import io
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import cv2
import numpy as np

from ...errors import MissingDependencyError
from .decoding import TooLargeError, decode, decode_or_none

__all__ = ['decoder_of', 'why_not']

_CV2_FLAGS = {
    'color': cv2.IMREAD_COLOR,
    'grayscale': cv2.IMREAD_GRAYSCALE,
    'unchanged': cv2.IMREAD_UNCHANGED,
    'color_ignore_orientation': cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION,
    'grayscale_ignore_orientation': (
        cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
    ),
}
_TURBO_SPACES = {'color': 'BGR', 'grayscale': 'GRAY'}


def decoder_of(backend: str) -> Callable[[bytes, str], np.ndarray | None]:
    """What decodes with a backend; it gives None for what is no image.

    Args:
        backend: ``'cv2'``, ``'pillow'`` or ``'turbojpeg'``.

    Raises:
        MissingDependencyError: if ``'turbojpeg'`` is asked for without simplejpeg.
    """
    has_simplejpeg = importlib.util.find_spec('simplejpeg') is not None
    if backend == 'turbojpeg' and not has_simplejpeg:
        raise MissingDependencyError(
            'simplejpeg', 'jpeg', "imdecode_backend='turbojpeg'"
        )
    if backend == 'cv2' and has_simplejpeg:
        return _decode_simplejpeg
    return _DECODERS[backend]


@cache
def _has_pillow() -> bool:
    return importlib.util.find_spec('PIL') is not None


def _decode_turbojpeg(data: bytes, color_type: str) -> np.ndarray | None:
    return _decode_simplejpeg(data, color_type, fastdct=True, fastupsample=True)


def _decode_simplejpeg(
    data: bytes, color_type: str, **options: bool
) -> np.ndarray | None:
    """What simplejpeg does not decode, or turn upright, is left to OpenCV."""
    kind, _, as_it_lies = color_type.partition('_')
    space = _TURBO_SPACES.get(kind)
    if space and data.startswith(b'\xff\xd8') and (as_it_lies or not _has_exif(data)):
        from simplejpeg import decode_jpeg

        try:
            img = decode_jpeg(data, space, **options)
        except ValueError:
            return _decode_cv2(data, color_type)
        return img if kind == 'color' else img[..., 0]
    return _decode_cv2(data, color_type)


def _has_exif(data: bytes) -> bool:
    """Whether there are notes of a camera before the first scan of a JPEG file."""
    return data.find(b'Exif\0\0', 0, data.find(b'\xff\xda')) >= 0


_LARGEST_16_BITS = 2**16 - 1
_PNG = b'\x89PNG\r\n\x1a\n'
_TIFF = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
#: Depth and kind in the header of PNG files of which Pillow gives 8 bits alone.
_COLOURS_OF_16_BITS = (b'\x10\x02', b'\x10\x04', b'\x10\x06')
_BITS_PER_SAMPLE = 258  # a tag of TIFF
#: TIFF files that OpenCV darkens where they are transparent, or drops a channel of.
_FOR_PILLOW = ('CMYK', 'LA', 'La', 'PA', 'RGBA', 'RGBa', 'RGBX')
#: Flags in the header of WebP files: notes of a camera, more than one picture.
_EXIF_OR_ANIMATED = 0x08 | 0x02


def why_not(data: bytes) -> str:
    """Why the bytes give no picture.

    Args:
        data: What could not be decoded.
    """
    found = decode_or_none(data, cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype in (np.uint8, np.uint16):
        return f'{len(data)} bytes'
    return (
        f'its pixels are {found.dtype}, not of 8 or 16 bits; '
        "color_type='unchanged' keeps them"
    )


def _decode_cv2(data: bytes, color_type: str) -> np.ndarray | None:
    has_pillow = _has_pillow()
    if has_pillow and _is_for_pillow(data):
        return _decode_pillow(data, color_type)
    img = decode(data, _CV2_FLAGS[color_type])
    if img is None or not has_pillow:
        return img
    if _may_be_cut_off(data):
        return img if _open(data) else None
    return _in_range(img, data, color_type)


def _is_for_pillow(data: bytes) -> bool:
    """Whether OpenCV, or some version of it, reads something else than there is."""
    if data.startswith(b'GIF8'):
        return True
    if data[8:16] == b'WEBPVP8X':
        return bool(data[20] & _EXIF_OR_ANIMATED)
    if not data.startswith(_TIFF):
        return False
    header = _header(data)
    return header is not None and header.mode in _FOR_PILLOW and not _is_deep(data)


def _may_be_cut_off(data: bytes) -> bool:
    """Whether a JPEG file seems to have no end: OpenCV 4 fills up what is missing."""
    if not data.startswith(b'\xff\xd8') or data.endswith(b'\xff\xd9'):
        return False
    return data.rfind(b'\xff\xd9') < data.rfind(b'\xff\xda')


def _in_range(
    img: np.ndarray | None, data: bytes, color_type: str
) -> np.ndarray | None:
    """A TIFF file of floats has no range, of which OpenCV 4 makes 8 bits of 0 and 1."""
    if img is None or color_type == 'unchanged' or not data.startswith(_TIFF):
        return img
    if _header(data) is not None:  # OpenCV refuses the floats that Pillow knows
        return img
    kept = decode(data, cv2.IMREAD_UNCHANGED)
    return None if kept is None or kept.dtype.kind == 'f' else img


def _is_deep(data: bytes) -> bool:
    """Whether a file has colours of more than 8 bits, which Pillow reduces to 8."""
    if data.startswith(_PNG):
        return data[24:26] in _COLOURS_OF_16_BITS
    if not data.startswith(_TIFF):
        return False
    header = _header(data)
    if header is None:  # of a kind that Pillow does not know, such as colours as floats
        return True
    bits = header.tag_v2.get(_BITS_PER_SAMPLE, (8,))
    return header.mode == 'LAB' or (len(bits) > 1 and max(bits) > 8)


def _header(data: bytes) -> Any:
    """A picture of Pillow of which only the header is read; None if it cannot be."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(data))
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return None


def _open(data: bytes) -> Any:
    """A picture of Pillow, wholly read; None if it cannot be."""
    from PIL import Image

    try:
        picture = Image.open(io.BytesIO(data))
        picture.load()
    except (Image.DecompressionBombError, MemoryError, OverflowError) as error:
        raise TooLargeError from error
    except (OSError, SyntaxError, ValueError):  # Pillow's "broken PNG" is the second
        return None
    return picture


def _decode_pillow(data: bytes, color_type: str) -> np.ndarray | None:
    from PIL import Image, ImageOps

    if _is_deep(data) and (color_type == 'unchanged' or data.startswith(_TIFF)):
        return _in_range(decode(data, _CV2_FLAGS[color_type]), data, color_type)
    picture = _open(data)
    if picture is None:
        return None
    if color_type in ('color', 'grayscale'):
        picture = ImageOps.exif_transpose(picture)
    if color_type == 'unchanged':
        return _unchanged(picture)
    wide = picture.mode == 'I' and data.startswith(_TIFF)  # 32 bits
    if wide or picture.mode == 'F':  # of any range: Pillow would make most of them 0
        return None
    if picture.mode.startswith('I'):  # 16 bits; Pillow would cut them off at 255
        img = np.asarray(picture)
        if img.min() < 0 or img.max() > _LARGEST_16_BITS:
            return None
        picture = Image.fromarray((img >> 8).astype(np.uint8))
    try:
        if color_type.startswith('grayscale'):
            return np.asarray(picture.convert('L'))
        return np.ascontiguousarray(np.asarray(picture.convert('RGB'))[..., ::-1])
    except ValueError:  # of a space of colours that Pillow cannot convert
        return None


def _unchanged(picture: Any) -> np.ndarray:
    """The channels of a Pillow image as OpenCV has them: grey, BGR or BGRA."""
    mode = picture.mode
    if mode in ('1', 'L'):
        return np.asarray(picture.convert('L'))
    if mode.startswith('I') or mode == 'F':
        img = np.asarray(picture)
        # Others than TIFF have 16 bits, whatever a version of Pillow calls it.
        return img if picture.format == 'TIFF' else img.astype(np.uint16)
    has_alpha = mode in ('LA', 'La', 'PA', 'RGBA', 'RGBa')
    if has_alpha or 'transparency' in picture.info:
        img = np.asarray(picture.convert('RGBA'))[..., [2, 1, 0, 3]]
    else:
        img = np.asarray(picture.convert('RGB'))[..., ::-1]
    return np.ascontiguousarray(img)


_DECODERS = dict(cv2=_decode_cv2, pillow=_decode_pillow, turbojpeg=_decode_turbojpeg)
