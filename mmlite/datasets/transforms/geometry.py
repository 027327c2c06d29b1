"""Move every field of a sample at once: image, boxes, dense maps.

A geometric transform decides *where*; the functions here move whatever the
sample has there. A task with a field of its own enters it into ``FIELDS``, and
every geometric transform moves it too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...errors import DataError
from .image_ops import flip_image, pad_image, resize_image

__all__ = [
    'FIELDS',
    'BoxField',
    'DisparityField',
    'Field',
    'ImageField',
    'MapField',
    'Window',
    'crop',
    'flip',
    'image_size',
    'pad',
    'resize',
]

Array = np.ndarray
Size = tuple[int, int]
Borders = Sequence[int]


class Window(NamedTuple):
    """A rectangle of whole pixels inside an image.

    Args:
        x: Left edge.
        y: Upper edge.
        width: Width.
        height: Height.
    """

    x: int
    y: int
    width: int
    height: int


class Field(ABC):
    """How one kind of field moves with the image.

    Sizes are ``(width, height)`` in pixels, borders (left, top, right, bottom).

    Override:
        flip, crop, pad, resize
    """

    @abstractmethod
    def flip(self, value: Array, direction: str, size: Size) -> Array:
        """Mirror, in an image of ``size``."""

    @abstractmethod
    def crop(self, value: Array, window: Window) -> Array:
        """Keep what lies in the window."""

    @abstractmethod
    def pad(self, value: Array, borders: Borders, fill: Any, mode: str) -> Array:
        """Add borders; ``fill=None`` stands for the field's own default."""

    @abstractmethod
    def resize(
        self, value: Array, old: Size, new: Size, interpolation: str, backend: str
    ) -> Array:
        """Go from the size ``old`` to ``new``."""


class ImageField(Field):
    """Pixels, ``(H, W)`` or ``(H, W, C)``."""

    def flip(self, value: Array, direction: str, size: Size) -> Array:
        """Mirror the pixels."""
        return flip_image(value, direction)

    def crop(self, value: Array, window: Window) -> Array:
        """Cut the pixels out, without a copy."""
        x, y, width, height = window
        return value[y : y + height, x : x + width]

    def pad(self, value: Array, borders: Borders, fill: Any, mode: str) -> Array:
        """Add pixels, black ones unless told."""
        return pad_image(value, borders, 0 if fill is None else fill, mode)

    def resize(
        self, value: Array, old: Size, new: Size, interpolation: str, backend: str
    ) -> Array:
        """Interpolate between pixels."""
        return resize_image(value, new, interpolation, backend)


class MapField(Field):
    """One value per pixel that must not be mixed with others, ``(H, W, *)``.

    Args:
        fill: Value outside of the image, e.g. 255 for "ignore".
    """

    def __init__(self, fill: float = 0) -> None:
        self.fill = fill

    def flip(self, value: Array, direction: str, size: Size) -> Array:
        """Mirror the map."""
        step_y = -1 if direction in ('vertical', 'diagonal') else 1
        step_x = -1 if direction in ('horizontal', 'diagonal') else 1
        return np.ascontiguousarray(value[::step_y, ::step_x])

    def crop(self, value: Array, window: Window) -> Array:
        """Cut the map out, without a copy."""
        x, y, width, height = window
        return value[y : y + height, x : x + width]

    def pad(self, value: Array, borders: Borders, fill: Any, mode: str) -> Array:
        """Add values: ``self.fill`` unless told."""
        left, top, right, bottom = borders
        around = ((top, bottom), (left, right), *((0, 0),) * (value.ndim - 2))
        if mode != 'constant':
            return np.pad(value, around, mode)
        fill = self.fill if fill is None else fill
        return np.pad(value, around, constant_values=fill)

    def resize(
        self, value: Array, old: Size, new: Size, interpolation: str, backend: str
    ) -> Array:
        """Take the nearest value, whatever the interpolation."""
        rows = np.arange(new[1]) * old[1] // new[1]
        columns = np.arange(new[0]) * old[0] // new[0]
        return value[rows[:, None], columns]


class DisparityField(MapField):
    """Horizontal shift between two views in pixels, ``(H, W)``.

    A mirrored view needs the other view's disparity, so it cannot be mirrored
    left-right on its own.
    """

    def flip(self, value: Array, direction: str, size: Size) -> Array:
        """Mirror top-bottom only."""
        if direction != 'vertical':
            raise DataError(
                'a disparity map cannot be mirrored left-right without the other '
                "view; use RandomFlip(direction='vertical') for stereo pairs"
            )
        return super().flip(value, direction, size)

    def resize(
        self, value: Array, old: Size, new: Size, interpolation: str, backend: str
    ) -> Array:
        """Take the nearest value; it grows with the width of the image."""
        moved = super().resize(value, old, new, interpolation, backend)
        kind = np.result_type(moved.dtype, np.float32)
        return (moved * (new[0] / old[0])).astype(kind)


class BoxField(Field):
    """Boxes ``(N, 4)``, ``(x1, y1, x2, y2)`` in pixels; edges, not pixel centres."""

    def flip(self, value: Array, direction: str, size: Size) -> Array:
        """Mirror the boxes; left stays left of right."""
        width, height = size
        x1, y1, x2, y2 = value.T
        if direction in ('horizontal', 'diagonal'):
            x1, x2 = width - x2, width - x1
        if direction in ('vertical', 'diagonal'):
            y1, y2 = height - y2, height - y1
        return np.stack([x1, y1, x2, y2], axis=-1)

    def crop(self, value: Array, window: Window) -> Array:
        """Shift the boxes and cut them off at the window."""
        x, y, width, height = window
        moved = value - np.asarray([x, y, x, y], value.dtype)
        return moved.clip(0, np.asarray([width, height] * 2, value.dtype))

    def pad(self, value: Array, borders: Borders, fill: Any, mode: str) -> Array:
        """Shift the boxes."""
        return value + np.asarray([borders[0], borders[1]] * 2, value.dtype)

    def resize(
        self, value: Array, old: Size, new: Size, interpolation: str, backend: str
    ) -> Array:
        """Scale the boxes."""
        ratio = np.asarray([new[0] / old[0], new[1] / old[1]] * 2)
        return (value * ratio).astype(np.result_type(value.dtype, np.float32))


#: The fields that move, by name.
FIELDS: dict[str, Field] = {
    'img': ImageField(),
    'gt_bboxes': BoxField(),
    'gt_seg_map': MapField(fill=255),
    'gt_disparity': DisparityField(fill=0),
}

#: What is said of each box in ``gt_bboxes``: goes when its box goes.
BOX_COMPANIONS = ('gt_bboxes_labels', 'gt_ignore_flags')


def image_size(results: dict) -> tuple[int, int]:
    """Width and height of ``results['img']``.

    Raises:
        DataError: if the sample has no image yet.
    """
    if 'img' not in results:
        raise DataError(
            f'this transform needs the field img, the sample has {sorted(results)}; '
            "put dict(type='LoadImageFromFile') first in the pipeline"
        )
    height, width = results['img'].shape[:2]
    return width, height


def flip(results: dict, direction: str) -> None:
    """Mirror a sample: ``'horizontal'``, ``'vertical'`` or ``'diagonal'`` (both).

    Example:
        >>> sample = dict(img=np.zeros((4, 6)), gt_bboxes=np.array([[0, 0, 2, 1]]))
        >>> flip(sample, 'horizontal')
        >>> sample['gt_bboxes']
        array([[4, 0, 6, 1]])
    """
    size = image_size(results)
    for name, field in FIELDS.items():
        if name in results:
            results[name] = field.flip(results[name], direction, size)


def crop(results: dict, window: Window) -> None:
    """Keep what lies in a window; boxes that lie outside of it are dropped."""
    for name, field in FIELDS.items():
        if name in results:
            results[name] = field.crop(results[name], window)
    results['img_shape'] = (window.height, window.width)
    if 'gt_bboxes' in results:
        _drop_empty_boxes(results)


def _drop_empty_boxes(results: dict) -> None:
    boxes = results['gt_bboxes']
    kept = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    if not kept.all():
        for name in ('gt_bboxes', *BOX_COMPANIONS):
            if name in results:
                results[name] = np.asarray(results[name])[kept]


def pad(
    results: dict,
    borders: Sequence[int],
    fill: Mapping[str, object] | None = None,
    mode: str = 'constant',
) -> None:
    """Add pixels around a sample.

    Args:
        results: The sample.
        borders: Pixels to add left, top, right and bottom.
        fill: Value of the new pixels by field name; a field that is not named
            takes its own default (0, ignore, invalid).
        mode: A key of ``PADDING_MODES``.
    """
    fill = fill or {}
    for name, field in FIELDS.items():
        if name in results:
            results[name] = field.pad(results[name], borders, fill.get(name), mode)
    results['img_shape'] = results['img'].shape[:2]


def resize(
    results: dict,
    size: tuple[int, int],
    interpolation: str = 'bilinear',
    backend: str = 'cv2',
) -> None:
    """Resize a sample to ``size = (width, height)``.

    Labels are taken from the nearest pixel whatever the interpolation.
    """
    old = image_size(results)
    for name, field in FIELDS.items():
        if name in results:
            results[name] = field.resize(
                results[name], old, size, interpolation, backend
            )
    results['img_shape'] = (size[1], size[0])
    results['scale'] = size
    results['scale_factor'] = (size[0] / old[0], size[1] / old[1])
