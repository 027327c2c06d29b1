"""Decode pictures whose headers may claim more than there is."""

from __future__ import annotations

import cv2
import numpy as np

__all__ = ['TooLargeError', 'decode', 'decode_or_none']


class TooLargeError(Exception):
    """The header of an image asks for more memory than a decoder gives it."""


def decode(data: bytes | np.ndarray, flags: int) -> np.ndarray | None:
    """The picture in the bytes of a file; None if OpenCV cannot read it.

    Args:
        data: The bytes.
        flags: Those of ``cv2.imdecode``.

    Raises:
        TooLargeError: if its header claims more pixels than OpenCV takes.

    Example:
        >>> decode(b'no picture', cv2.IMREAD_COLOR) is None
        True
    """
    coded = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    try:
        return cv2.imdecode(coded, flags) if len(coded) else None
    except (cv2.error, MemoryError) as error:
        raise TooLargeError from error


def decode_or_none(data: bytes | np.ndarray, flags: int) -> np.ndarray | None:
    """As :func:`decode`; None too for one that claims too many pixels."""
    try:
        return decode(data, flags)
    except TooLargeError:
        return None
