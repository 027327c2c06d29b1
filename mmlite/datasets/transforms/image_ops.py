"""Pixels of one image: pad, flip, resize, encode what cv2 or Pillow can do.

Shape:
    Images are ``(H, W)`` or ``(H, W, C)``; a single channel stays if there is
    one (OpenCV drops it).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np

from ...errors import DataError, check_choice, wrong_choice

__all__ = [
    'BACKENDS',
    'INTERPOLATIONS',
    'PADDING_MODES',
    'Backend',
    'Interpolation',
    'PaddingMode',
    'check_interpolation',
    'flip_image',
    'pad_image',
    'per_channel',
    'resize_image',
    'warp_image',
]

Backend = Literal['cv2', 'pillow']
Direction = Literal['horizontal', 'vertical', 'diagonal']
Interpolation = Literal[
    'nearest', 'bilinear', 'bicubic', 'area', 'lanczos', 'box', 'hamming'
]
PaddingMode = Literal['constant', 'edge', 'reflect', 'symmetric']
Borders = tuple[int, int, int, int]  # left, top, right, bottom

INTERPOLATIONS = {
    'cv2': {
        'nearest': cv2.INTER_NEAREST,
        'bilinear': cv2.INTER_LINEAR,
        'bicubic': cv2.INTER_CUBIC,
        'area': cv2.INTER_AREA,
        'lanczos': cv2.INTER_LANCZOS4,
    },
    'pillow': {
        'nearest': 0,
        'lanczos': 1,
        'bilinear': 2,
        'bicubic': 3,
        'box': 4,
        'hamming': 5,
    },
}
BACKENDS = tuple(INTERPOLATIONS)
PADDING_MODES = {
    'constant': cv2.BORDER_CONSTANT,
    'edge': cv2.BORDER_REPLICATE,
    'reflect': cv2.BORDER_REFLECT_101,
    'symmetric': cv2.BORDER_REFLECT,
}
_FLIP_CODES = {'horizontal': 1, 'vertical': 0, 'diagonal': -1}


def _with_channel(out: np.ndarray, img: np.ndarray) -> np.ndarray:
    return out if out.ndim == img.ndim else out[..., None]


def flip_image(img: np.ndarray, direction: str) -> np.ndarray:
    """Mirror an image left-right, top-bottom, or both (diagonal)."""
    return _with_channel(cv2.flip(img, _FLIP_CODES[direction]), img)


def pad_image(
    img: np.ndarray,
    borders: Sequence[int],
    fill: float | Sequence[float] = 0,
    mode: str = 'constant',
) -> np.ndarray:
    """Add pixels around an image.

    Args:
        img: The image.
        borders: Pixels to add left, top, right and bottom.
        fill: Value of the new pixels, one or one per channel, for the mode
            ``'constant'``.
        mode: A key of ``PADDING_MODES``.
    """
    left, top, right, bottom = borders
    value = (fill,) * 4 if isinstance(fill, (int, float)) else tuple(fill)
    if img.shape[2:] > (4,) and len(set(value)) > 1:
        raise DataError(
            f'a colour to pad with has up to 4 channels, the image {img.shape[2]}; pad '
            'with one number'
        )
    out = cv2.copyMakeBorder(
        img, top, bottom, left, right, PADDING_MODES[mode], value=value
    )
    return _with_channel(out, img)


def resize_image(
    img: np.ndarray,
    size: tuple[int, int],
    interpolation: str = 'bilinear',
    backend: str = 'cv2',
) -> np.ndarray:
    """Resize an image to ``size = (width, height)``.

    OpenCV interpolates between neighbours only; Pillow averages over what a
    pixel of the result covers (antialiasing), which is 2-3 times as slow.
    """
    if img.shape[1::-1] == size:
        return img
    if backend == 'cv2':
        out = cv2.resize(img, size, interpolation=INTERPOLATIONS['cv2'][interpolation])
        return _with_channel(out, img)
    from PIL import Image

    if img.shape[2:] > (4,):
        raise DataError(
            f"backend='pillow' resizes images of up to 4 channels, got {img.shape[2]}; "
            "take backend='cv2'"
        )
    try:
        picture = Image.fromarray(img.squeeze(-1) if img.shape[2:] == (1,) else img)
    except TypeError:
        raise DataError(
            f"backend='pillow' does not resize images of {img.dtype} with "
            f'{img.shape[2] if img.ndim == 3 else 1} channels, but those of uint8; '
            "resize before what changes the type, or take backend='cv2'"
        ) from None
    out = np.asarray(picture.resize(size, INTERPOLATIONS['pillow'][interpolation]))
    return _with_channel(out, img)


def check_channels(img: np.ndarray, most: int, owner: object) -> None:
    """Check that a step gets an image of colours, or grey, that it can compute with.

    Args:
        img: ``(H, W)`` or ``(H, W, C)``.
        most: 3 for a step of grey and BGR images alone; a larger number is the largest
            number of channels.
        owner: The transform, for the message.

    Raises:
        DataError: if the image has another number of channels.

    Example:
        >>> check_channels(np.zeros((2, 2, 3)), 3, None)
    """
    channels = img.shape[2] if img.ndim == 3 else 1
    if channels > most or most == 3 and channels == 2:
        takes = 'images in grey or colour' if most == 3 else f'at most {most} channels'
        raise DataError(
            f'{type(owner).__name__} takes {takes}, got {channels} channels; load the '
            "images in colour (color_type='color')"
        )


def per_channel(
    values: float | Sequence[float], img: np.ndarray, owner: object, name: str
) -> np.ndarray:
    """One value, or one for each channel of an image.

    Values that are all the same are good for any number of channels.

    Args:
        values: The values.
        img: ``(H, W)`` or ``(H, W, C)``.
        owner: The transform they are given to, for the message.
        name: Its argument.

    Raises:
        DataError: if there are several values, and not as many as channels.

    Example:
        >>> per_channel((9, 9, 9), np.zeros((2, 2, 4)), None, 'fill').tolist()
        [9, 9, 9, 9]
    """
    array = np.asarray(values)
    channels = img.shape[2] if img.ndim == 3 else 1
    if array.size in (1, channels):
        return array
    if name.startswith('fill') and (array == array[0]).all():
        return array.ravel()[:1].repeat(channels)
    raise DataError(
        f'{type(owner).__name__}: {name} has {array.size} values, but the image has '
        f'{channels} channels; give one for each, or load the images in colour '
        "(color_type='color')"
    )


def warp_image(
    img: np.ndarray,
    matrix: np.ndarray,
    fill: float | Sequence[float] = 0,
    interpolation: str = 'bilinear',
) -> np.ndarray:
    """Move an image by an affine map, within its size.

    Args:
        img: The image.
        matrix: Where a pixel goes, ``(2, 3)``.
        fill: Value of the pixels that come in, one or one per channel.
        interpolation: One of OpenCV's.
    """
    value = (fill,) * 4 if isinstance(fill, (int, float)) else tuple(fill)
    out = cv2.warpAffine(
        img,
        matrix,
        img.shape[1::-1],
        flags=INTERPOLATIONS['cv2'][interpolation],
        borderValue=value[:4],
    )
    return _with_channel(out, img)


def check_interpolation(interpolation: str, backend: str) -> None:
    """Refuse names that :func:`resize_image` does not know.

    Raises:
        ValueError: if the backend or its interpolation is unknown.
    """
    check_choice(INTERPOLATIONS, backend=backend)
    known = INTERPOLATIONS[backend]
    if interpolation not in known:
        message = wrong_choice('interpolation', interpolation, known)
        raise ValueError(f'{message} (backend={backend!r})')
