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
    'resize_image',
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

    picture = Image.fromarray(img.squeeze(-1) if img.shape[2:] == (1,) else img)
    out = np.asarray(picture.resize(size, INTERPOLATIONS['pillow'][interpolation]))
    return _with_channel(out, img)


def check_interpolation(interpolation: str, backend: str) -> None:
    """Refuse names that :func:`resize_image` does not know.

    Raises:
        ValueError: if the backend or its interpolation is unknown.
    """
    if backend not in INTERPOLATIONS:
        raise ValueError(f'backend is one of {list(BACKENDS)}, got {backend!r}')
    if interpolation not in INTERPOLATIONS[backend]:
        raise ValueError(
            f'interpolation of the backend {backend!r} is one of '
            f'{list(INTERPOLATIONS[backend])}, got {interpolation!r}'
        )
