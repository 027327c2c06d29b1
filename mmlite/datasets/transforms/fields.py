"""The kinds of fields of a sample: how each moves with the image.

A field is registered once, by name; every step of a pipeline then knows its kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import DataError
from .arrays import numeric_as_tensor
from .field_base import CompanionField, Field, FixedField, Window, is_empty
from .pixel_fields import (
    DisparityField,
    ImageField,
    MapField,
    SequenceField,
    ValidField,
)

__all__ = [
    'FIELDS',
    'BoxField',
    'CompanionField',
    'DisparityField',
    'Field',
    'FixedField',
    'ImageField',
    'MapField',
    'SequenceField',
    'ValidField',
    'Window',
    'other_view',
    'register_field',
]

Array = np.ndarray
Size = tuple[int, int]
Borders = Sequence[int]


class BoxField(Field):
    """Boxes in pixels: edges, not pixel centres. An empty one may have any shape.

    Shape:
        ``(N, 4)``, ``(x1, y1, x2, y2)``.
    """

    def check(self, value: Any) -> Array:
        """An array ``(N, 4)``; lists become one of float32."""
        if is_empty(value):
            return np.zeros((0, 4), getattr(value, 'dtype', np.float32))
        if not isinstance(value, Array):
            try:
                value = np.asarray(value, np.float32)
            except (TypeError, ValueError):
                raise DataError(
                    f'expected boxes (N, 4), got a {type(value).__name__} that is '
                    'no array of numbers; steps for each view stand in the '
                    'transforms of MultiView or TestTimeAug'
                ) from None
        if value.ndim != 2 or value.shape[1] != 4:
            raise DataError(f'expected boxes (N, 4), got the shape {value.shape}')
        return value

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

    def warp(
        self, value: Array, matrix: Array, size: Size, fill: Any, interpolation: str
    ) -> Array:
        """The boxes around the moved corners, cut off at the image."""
        # Corners are edges; the map is one of pixel centres, half a pixel inside.
        corners = value[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2) - 0.5
        moved = corners @ np.asarray(matrix)[:, :2].T + np.asarray(matrix)[:, 2] + 0.5
        boxes = np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1)
        kind = np.result_type(value.dtype, np.float32)
        return boxes.clip(0, [*size, *size]).astype(kind)

    def kept(self, value: Array) -> Array:
        """Which boxes have an area, ``(N, )``."""
        return (value[:, 2] > value[:, 0]) & (value[:, 3] > value[:, 1])

    def to_tensor(self, value: Any) -> Tensor:
        """``(N, 4)``."""
        return numeric_as_tensor(self.check(value))


#: The fields that are known, by name.
FIELDS: dict[str, Field] = {}
_OTHER_VIEW: dict[str, str] = {}


def register_field(name: str, field: Field, other_view: str | None = None) -> None:
    """Register a field of a sample, so that every step knows its kind.

    Call it where your package is imported (``custom_imports``). Registering a name
    again replaces its kind.

    Args:
        name: Name of the field in a sample.
        field: Its kind: :class:`ImageField`, :class:`SequenceField`,
            :class:`MapField`, :class:`ValidField`, :class:`DisparityField`,
            :class:`BoxField`, :class:`CompanionField`, :class:`FixedField`, or one
            of your own.
        other_view: The field that holds the same of the other view of a stereo
            pair, which a mirrored pair swaps it with.

    Raises:
        TypeError: if it is no kind of field.

    Example:
        >>> register_field('gt_depth', MapField(fill=0))
        >>> crop = TRANSFORMS.build(dict(type='CenterCrop', crop_size=2))
        >>> crop(dict(img=np.ones((4, 4)), gt_depth=np.eye(4)))['gt_depth'].tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    if not isinstance(field, Field):
        raise TypeError(
            f'register_field({name!r}, ...): expected an instance of Field, e.g. '
            f'ImageField(), got {field!r}'
        )
    FIELDS[name] = field
    if other_view is not None:
        _OTHER_VIEW[name] = other_view
        _OTHER_VIEW[other_view] = name


def other_view(name: str) -> str | None:
    """The field that holds the same of the other view of a stereo pair.

    Example:
        >>> other_view('ref_img'), other_view('img')
        ('tgt_img', None)
    """
    return _OTHER_VIEW.get(name)


register_field('img', ImageField())
register_field('ref_img', ImageField())
register_field('tgt_img', ImageField(), other_view='ref_img')
register_field('sils', SequenceField())
register_field('gt_seg_map', MapField(fill=255))
register_field('valid', ValidField())
register_field('valid_tgt', ValidField(), other_view='valid')
register_field('gt_disparity', DisparityField())
register_field('gt_disparity_tgt', DisparityField(), other_view='gt_disparity')
register_field('gt_occlusion', ValidField())
register_field('gt_occlusion_tgt', ValidField(), other_view='gt_occlusion')
register_field('gt_bboxes', BoxField())
for _name, _dtype in (
    ('gt_bboxes_labels', torch.int64),
    ('gt_ignore_flags', torch.bool),
    ('gt_area', torch.float32),
):
    register_field(_name, CompanionField('gt_bboxes', _dtype))
register_field('gt_masks', SequenceField(MapField(), belongs_to='gt_bboxes'))
for _name in (
    *('gt_label', 'gt_score', 'instances'),  # the last one as it was annotated
    *('img_shape', 'ori_shape', 'pad_shape', 'scale', 'scale_factor'),
):
    register_field(_name, FixedField())
