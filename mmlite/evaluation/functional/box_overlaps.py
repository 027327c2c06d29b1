"""Boxes of many images as flat arrays, and how far they overlap."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ['Detections', 'Objects', 'overlaps', 'ranks_within']

Array = np.ndarray


class Detections(NamedTuple):
    """The detections of all images, concatenated.

    Args:
        image: Number of the image, ``(N, )``.
        label: Class, ``(N, )``.
        box: ``(x1, y1, x2, y2)`` in pixels, ``(N, 4)``.
        score: ``(N, )``; only the order counts.
    """

    image: Array
    label: Array
    box: Array
    score: Array


class Objects(NamedTuple):
    """The objects of all images, concatenated.

    Args:
        image: Number of the image, ``(N, )``.
        label: Class, ``(N, )``.
        box: ``(x1, y1, x2, y2)`` in pixels, ``(N, 4)``.
        ignore: Which neither count nor make a detection wrong, ``(N, )``: crowds of
            COCO, difficult objects of VOC.
        area: Area of the object, which may be less than that of its box, ``(N, )``.
    """

    image: Array
    label: Array
    box: Array
    ignore: Array
    area: Array


def overlaps(boxes: Array, others: Array, of_first: Array | bool = False) -> Array:
    """Intersection over union of boxes; arrays of boxes are broadcast.

    Args:
        boxes: ``(*, 4)``, ``(x1, y1, x2, y2)``.
        others: ``(*, 4)``.
        of_first: Where to divide by the area of the first box alone, as for crowds.

    Example:
        >>> float(overlaps(np.array([0, 0, 2, 1.]), np.array([1, 0, 3, 1.])))
        0.3333333333333333
    """
    x1, y1, x2, y2 = np.moveaxis(boxes, -1, 0)
    a1, b1, a2, b2 = np.moveaxis(others, -1, 0)
    width = np.minimum(x2, a2) - np.maximum(x1, a1)
    height = np.minimum(y2, b2) - np.maximum(y1, b1)
    common = width.clip(0) * height.clip(0)
    own = (x2 - x1) * (y2 - y1)
    union = np.where(of_first, own, own + (a2 - a1) * (b2 - b1) - common)
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def ranks_within(groups: Array) -> Array:
    """The place of each entry in its run of equal ones.

    Example:
        >>> ranks_within(np.array([4, 4, 7, 9, 9, 9]))
        array([0, 1, 0, 0, 1, 2])
    """
    places = np.arange(len(groups))
    starts = np.ones(len(groups), bool)
    starts[1:] = groups[1:] != groups[:-1]
    return places - np.maximum.accumulate(np.where(starts, places, 0))
