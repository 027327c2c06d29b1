"""Read and write images as RGB arrays."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..errors import DataError


def read_image(path: str | Path) -> np.ndarray:
    """An image file as RGB, uint8, ``(H, W, 3)``.

    Raises:
        DataError: if the file is absent or no image.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f'there is no image {path}')
    coded = np.fromfile(path, np.uint8)  # cv2 alone fails on non-ASCII paths on Windows
    image = decode_image(coded)
    if image is None:
        raise DataError(f'{path} is not an image that OpenCV can read')
    return image


def decode_image(coded: np.ndarray) -> np.ndarray | None:
    """The bytes of a file as RGB; None if OpenCV cannot read them.

    That is so too where a header claims more pixels than OpenCV takes.

    Example:
        >>> decode_image(np.zeros(9, np.uint8)) is None
        True
    """
    try:
        image = cv2.imdecode(coded, cv2.IMREAD_COLOR) if coded.size else None
    except (cv2.error, MemoryError):
        return None
    return None if image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def write_image(image: np.ndarray, path: str | Path) -> None:
    """Write an RGB image; the ending of ``path`` says in which format.

    Missing folders are made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_image(image, path.suffix))


def encode_image(image: np.ndarray, suffix: str = '.png') -> bytes:
    """An RGB image as the bytes of a file of that ending.

    Raises:
        DataError: if OpenCV does not know the ending.

    Example:
        >>> encode_image(np.zeros((4, 5, 3), np.uint8))[1:4]
        b'PNG'
    """
    try:
        done, coded = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    except cv2.error:
        done = False
    if not done:
        raise DataError(f'OpenCV cannot write {suffix!r} files')
    return coded.tobytes()


def as_rgb(image: np.ndarray) -> np.ndarray:
    """An image with 3 channels, uint8, from one with 3, 1 or none.

    Raises:
        ValueError: if it has another number of channels.

    Example:
        >>> as_rgb(np.zeros((4, 5, 1))).shape
        (4, 5, 3)
    """
    image = image[..., None] if image.ndim == 2 else image
    if image.ndim != 3 or image.shape[2] not in (1, 3):
        raise ValueError(f'an image is (H, W), (H, W, 1 or 3), got {image.shape}')
    if image.shape[2] == 1:
        image = image.repeat(3, axis=2)
    return np.ascontiguousarray(image.astype(np.uint8))


def resize_image(
    image: np.ndarray,
    short_edge: int | None = None,
    factor: float | None = None,
) -> np.ndarray:
    """Scale an image, keeping its proportions.

    Args:
        image: The image, ``(H, W, 3)``.
        short_edge: Length of the shorter edge afterwards, in pixels.
        factor: Scale factor, where ``short_edge`` is not given.

    Example:
        >>> resize_image(np.zeros((10, 20, 3), np.uint8), short_edge=5).shape
        (5, 10, 3)
    """
    height, width = image.shape[:2]
    if short_edge is not None:
        factor = short_edge / min(height, width)
    if factor is None or factor == 1:
        return image
    size = max(1, round(width * factor)), max(1, round(height * factor))
    shrinks = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(image, size, interpolation=shrinks)
