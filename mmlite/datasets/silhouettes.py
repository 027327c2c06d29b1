"""From silhouettes as they were cut out to frames of one size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..errors import DataError
from .transforms.image_ops import resize_image

__all__ = ['Prepared', 'as_bytes', 'black_and_white', 'centred', 'prepare_walk']

#: Least sum of grey values of a frame that shows somebody.
LEAST_SUM = 10000
#: Share of the pixels between black and white from which frames are photographs, also
#: of dark ones with colours.
_MOST_GREY, _MOST_GREY_IN_COLOURS = 0.3, 0.1
#: Brightest value, of 255, from which on a silhouette is white.
_WHITE = 200


class Prepared(NamedTuple):
    """The frames of a walk, and those that were dropped.

    Args:
        frames: ``(S, size, size)``, uint8; S may be 0.
        dropped: Names of frames that show nobody.
    """

    frames: np.ndarray
    dropped: list[str]


def as_bytes(frame: np.ndarray) -> np.ndarray:
    """A silhouette from 0 to 255: masks of 0 and 1 and 16 bits are brought to that.

    Raises:
        DataError: if it is no picture of grey values.

    Example:
        >>> as_bytes(np.array([[0, 1]], np.uint8))
        array([[  0, 255]], dtype=uint8)
    """
    frame = np.asarray(frame)
    if frame.ndim != 2 or frame.dtype.kind not in 'bui':
        raise DataError(
            f'a silhouette must be an array (H, W) of integers, got {frame.shape} of '
            f'{frame.dtype}'
        )
    low, high = int(frame.min(initial=0)), int(frame.max(initial=0))
    if low >= 0 and high <= 1:
        return frame.astype(np.uint8) * np.uint8(255)
    if frame.dtype == np.uint16 and high > 255:
        return (frame >> 8).astype(np.uint8)
    if low < 0 or high > 255:
        raise DataError(f'silhouettes must lie in [0, 255], got {low} to {high}')
    return frame.astype(np.uint8)


def black_and_white(
    frames: Sequence[np.ndarray], name: str, coloured: bool = False
) -> list[np.ndarray]:
    """The silhouettes of a walk, white on black, if that is what they are.

    Masks of two other levels, such as red on black, are brought to black and white.

    Args:
        frames: ``(H, W)`` each, see :func:`as_bytes`.
        name: Of the walk, for messages.
        coloured: Whether their pictures have colours.

    Raises:
        DataError: if they are photographs, or black on white.

    Example:
        >>> black_and_white([np.array([[0, 76, 0]], np.uint8)], 'red')[0]
        array([[  0, 255,   0]], dtype=uint8)
    """
    frames = [as_bytes(_as_integers(frame)) for frame in frames]
    low = min((int(frame.min()) for frame in frames if frame.size), default=0)
    high = max((int(frame.max()) for frame in frames if frame.size), default=0)
    fifth = (high - low) / 5
    between = sum(
        int(((frame > low + fifth) & (frame < high - fifth)).sum()) for frame in frames
    )
    share = between / max(1, sum(frame.size for frame in frames))
    if share > (_MOST_GREY_IN_COLOURS if coloured else _MOST_GREY):
        raise DataError(
            f'{name}: expected silhouettes, white people on black, got '
            f'{"colour " if coloured else "grey "}photographs, it seems: '
            f'{100 * share:.0f} % of the pixels are neither dark nor bright; cut the '
            'people out first, as a segmentation network does, and let mmlite '
            'prepare-gait centre them'
        )
    sides = [frame[:, [0, -1]] for frame in frames if frame.size]
    ground = np.mean([side.mean() for side in sides]) if sides else low
    if high > low and ground > (low + 3 * high) / 4:
        raise DataError(
            f'{name}: expected silhouettes, white people on black, got black on white; '
            'invert them (255 - value)'
        )
    if not 0 < high < _WHITE:
        return frames
    scale = 255 / max(1, high - low)
    return [((f.astype(float) - low) * scale).round().astype(np.uint8) for f in frames]


def centred(frame: np.ndarray, size: int = 64) -> np.ndarray | None:
    """A silhouette cut to its height, resized, with its middle in the middle.

    The rules are those of GaitSet and OpenGait: rows without a pixel are cut off at
    both ends; what is left is brought to the height, bicubically; the middle is the
    first column up to which more than half of the grey values lie.

    Args:
        frame: ``(H, W)``; see :func:`as_bytes`.
        size: Height and width of the result in pixels.

    Returns:
        ``(size, size)``, uint8; None if it shows nobody.

    Example:
        >>> frame = np.zeros((90, 70), np.uint8)
        >>> frame[10:80, 50:60] = 255
        >>> cut = centred(frame)
        >>> cut.shape, int(cut[0].argmax()), int(cut[:, 32].min())
        ((64, 64), 28, 255)
    """
    frame = as_bytes(frame)
    if frame.sum() <= LEAST_SUM:
        return None
    rows = np.flatnonzero(frame.any(axis=1))
    frame = frame[rows[0] : rows[-1] + 1]
    width = max(1, int(size * frame.shape[1] / frame.shape[0]))
    frame = resize_image(frame, (width, size), 'bicubic')
    sums = frame.sum(axis=0, dtype=np.int64).cumsum()
    middle = int(np.argmax(sums > sums[-1] / 2))
    half = size // 2
    left, right = middle - half, middle - half + size
    if left < 0 or right > width:
        frame = np.pad(frame, ((0, 0), (size - half, size - half)))
        left, right = left + size - half, right + size - half
    return frame[:, left:right]


def _as_integers(frame: np.ndarray) -> np.ndarray:
    """Fractions as grey values from 0 to 255."""
    frame = np.asarray(frame)
    if frame.dtype.kind != 'f':
        return frame
    low, high = frame.min(initial=0), frame.max(initial=0)
    if not (low >= 0 and high <= 255):
        raise DataError(
            f'silhouettes must lie in [0, 255] or [0, 1], got {low} to {high}'
        )
    return (frame * (255 if high <= 1 else 1)).round().astype(np.uint8)


def prepare_walk(frames: Iterable[tuple[str, np.ndarray]], size: int = 64) -> Prepared:
    """All frames of a walk that show somebody, centred.

    Args:
        frames: Name and silhouette of each, in their order.
        size: Height and width of the results in pixels.

    Example:
        >>> body = np.zeros((80, 60), bool)
        >>> body[5:75, 20:40] = True
        >>> found = prepare_walk([('1.png', body), ('2.png', 0 * body)])
        >>> found.frames.shape, found.dropped
        ((1, 64, 64), ['2.png'])
    """
    kept, dropped = [], []
    for name, frame in frames:
        cut = centred(frame, size)
        if cut is None:
            dropped.append(name)
        else:
            kept.append(cut)
    if not kept:
        return Prepared(np.zeros((0, size, size), np.uint8), dropped)
    return Prepared(np.stack(kept), dropped)
