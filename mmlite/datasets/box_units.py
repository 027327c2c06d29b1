"""Boxes that are written in other units than their format has."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from mmengine.logging import print_log

from .boxes import BoxedImage

__all__ = ['WrittenBox', 'example_of_corners', 'example_of_fractions', 'warn_of_boxes']

#: Part of the image by which a box has to leave it, which no rounding does.
_FAR = 0.02
#: Part of the boxes that has to: of corners, those near the origin stay inside.
_LEAST = 1 / 3


class WrittenBox(NamedTuple):
    """A box as a file has it.

    Args:
        image: The image that it is in.
        numbers: Its four numbers, in pixels.
    """

    image: BoxedImage
    numbers: tuple[float, ...]


def example_of_fractions(images: Sequence[BoxedImage]) -> WrittenBox | None:
    """A box of a file whose boxes are fractions of the image, where pixels belong.

    Args:
        images: All of the file, their boxes written as corner and size.

    Returns:
        None if any box is not below 1 px, or an image has no more than one.
    """
    edges, _, owners = _table(images)
    if not len(edges) or any(image.size == (1, 1) for image in owners):
        return None
    written = _written(edges, 0)
    # A fraction is inside of the image, whose sides are 1, or nearly so.
    small = (written[:, 2:] < 1).all() and (np.abs(edges) < 1.5).all()
    place = int(written[:, 2:].prod(1).argmax())
    if not small or not written[place, 2:].all():
        return None
    return WrittenBox(owners[place], tuple(written[place].tolist()))


def example_of_corners(
    images: Sequence[BoxedImage], point: float = 0
) -> WrittenBox | None:
    """A box of a file that has two corners of each, where a point and a size belong.

    Args:
        images: All of the file.
        point: Where in a box the point is that belongs there: 0 is the corner, 0.5 the
            middle.

    Returns:
        None if some box is no pair of corners, or few of them leave their image when
        they are read as the format says.
    """
    edges, sizes, owners = _table([one for one in images if one.size is not None])
    if not len(edges):
        return None
    written = _written(edges, point)
    start, end, margin = written[:, :2], written[:, 2:], _FAR * sizes
    if not ((start <= end) & (end <= sizes + margin) & (start >= -margin)).all():
        return None
    leaving = ((edges[:, :2] < -margin) | (edges[:, 2:] > sizes + margin)).any(1)
    if leaving.mean() <= _LEAST:
        return None
    place = int(leaving.argmax())
    return WrittenBox(owners[place], tuple(written[place].tolist()))


def warn_of_boxes(source: str, box: Sequence[float], what: str, wanted: str) -> None:
    """Log that the boxes of a file look wrong.

    Args:
        source: The file.
        box: One of them, as it is written.
        what: What they look like.
        wanted: Where that one is, and what the format wants.
    """
    shown = ', '.join(f'{number:.6g}' for number in box)
    message = f'{source}: the boxes look like {what}, e.g. [{shown}] {wanted}'
    print_log(message, 'current', logging.WARNING)


def _table(
    images: Sequence[BoxedImage],
) -> tuple[np.ndarray, np.ndarray, list[BoxedImage]]:
    """Edges of all boxes ``(N, 4)``, the sizes of their images, and these."""
    owners = [image for image in images for _ in image.objects]
    edges = [one.box for image in images for one in image.objects]
    sizes = [image.size or (np.nan, np.nan) for image in owners]
    return (
        np.array(edges, float).reshape(-1, 4),
        np.array(sizes, float).reshape(-1, 2),
        owners,
    )


def _written(edges: np.ndarray, point: float) -> np.ndarray:
    """Point and size of boxes; of what is not finite, which is refused later, NaN."""
    with np.errstate(invalid='ignore'):
        sides = edges[:, 2:] - edges[:, :2]
        return np.concatenate([edges[:, :2] + point * sides, sides], 1)
