"""Kinds of fields that have a value for each pixel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from ...errors import DataError
from .arrays import image_as_tensor, numeric_as_tensor
from .field_base import Field, Window, is_empty
from .image_ops import flip_image, pad_image, resize_image, warp_image

__all__ = ['DisparityField', 'ImageField', 'MapField', 'SequenceField', 'ValidField']

Array = np.ndarray
Size = tuple[int, int]
Borders = Sequence[int]


class _Pixels(Field):
    """What has a value for each pixel."""

    layouts: ClassVar[dict[int, str]]

    def check(self, value: Any) -> Array:
        """An array of one of the layouts."""
        if type(value) is Array and value.ndim in self.layouts:
            return value
        expected = f'expected an array {" or ".join(self.layouts.values())}, got '
        if isinstance(value, (list, tuple)):
            raise DataError(
                f'{expected}a list of {len(value)}; steps for each view stand in the '
                'transforms of MultiView or TestTimeAug'
            )
        if isinstance(value, Array):
            raise DataError(
                f'{expected}one of shape {value.shape}; a field of another kind has '
                'another name, registered with register_field(name, kind)'
            )
        if isinstance(value, Tensor):
            raise DataError(f'{expected}a tensor; pack it after this step')
        raise DataError(f'{expected}a {type(value).__name__}; use np.asarray')

    def size_of(self, value: Array) -> Size | None:
        """Width and height."""
        height, width = value.shape[:2]
        return width, height

    def crop(self, value: Array, window: Window) -> Array:
        """Cut the pixels out, without a copy."""
        x, y, width, height = window
        return value[y : y + height, x : x + width]


class ImageField(_Pixels):
    """Pixels of an image.

    Shape:
        ``(H, W)`` or ``(H, W, C)``.
    """

    is_image = True
    layouts: ClassVar = {2: '(H, W)', 3: '(H, W, C)'}

    def flip(self, value: Array, direction: str, size: Size) -> Array:
        """Mirror the pixels."""
        return flip_image(value, direction)

    def pad(self, value: Array, borders: Borders, fill: Any, mode: str) -> Array:
        """Add pixels, by default black ones."""
        return pad_image(value, borders, 0 if fill is None else fill, mode)

    def resize(
        self, value: Array, old: Size, new: Size, interpolation: str, backend: str
    ) -> Array:
        """Interpolate between pixels."""
        return resize_image(value, new, interpolation, backend)

    def warp(
        self, value: Array, matrix: Array, size: Size, fill: Any, interpolation: str
    ) -> Array:
        """Interpolate between pixels."""
        return warp_image(value, matrix, 0 if fill is None else fill, interpolation)

    def recolour(self, value: Array, change: Callable[[Array], Array]) -> Array:
        """What a photometric step makes of it."""
        return change(value)

    def to_tensor(self, value: Array) -> Tensor:
        """Channels first, ``(C, H, W)``."""
        return image_as_tensor(value)


class MapField(_Pixels):
    """One value per pixel that must not be mixed with others.

    Args:
        fill: Value outside of the image, e.g. 255 for "ignore".

    Shape:
        ``(H, W)`` or ``(H, W, C)``.
    """

    layouts: ClassVar = {2: '(H, W)', 3: '(H, W, C)'}

    def __init__(self, fill: float = 0) -> None:
        self.fill = fill

    def flip(self, value: Array, direction: str, size: Size) -> Array:
        """Mirror the map."""
        step_y = -1 if direction in ('vertical', 'diagonal') else 1
        step_x = -1 if direction in ('horizontal', 'diagonal') else 1
        return np.ascontiguousarray(value[::step_y, ::step_x])

    def pad(self, value: Array, borders: Borders, fill: Any, mode: str) -> Array:
        """Add values, by default ``self.fill``."""
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

    def warp(
        self, value: Array, matrix: Array, size: Size, fill: Any, interpolation: str
    ) -> Array:
        """Take the nearest value, whatever the interpolation."""
        fill = self.fill if fill is None else fill
        # Other types OpenCV does not move; these floats hold all that labels are.
        known = value.dtype.name in ('uint8', 'uint16', 'int16', 'float32', 'float64')
        moved = warp_image(
            value if known else value.astype(np.float64), matrix, fill, 'nearest'
        )
        return moved.astype(value.dtype, copy=False)


class ValidField(MapField):
    """Where another map is valid, 1 or 0; always 0 outside of the image.

    Shape:
        ``(H, W)``.
    """

    layouts: ClassVar = {2: '(H, W)'}

    def pad(self, value: Array, borders: Borders, fill: Any, mode: str) -> Array:
        """Add zeros: added pixels are not valid."""
        return super().pad(value, borders, fill, 'constant')


class DisparityField(ValidField):
    """Horizontal shift between two views in pixels; 0 where it is unknown.

    A mirrored view needs the other view's disparity, so it cannot be mirrored
    left-right on its own: :class:`SwapFlip` mirrors a pair.

    Shape:
        ``(H, W)``, px.
    """

    def flip(self, value: Array, direction: str, size: Size) -> Array:
        """Mirror top-bottom only."""
        if direction != 'vertical':
            raise DataError(
                'a disparity map cannot be mirrored left-right without the other '
                "view; use SwapFlip, or RandomFlip(direction='vertical')"
            )
        return super().flip(value, direction, size)

    def swap_flip(self, value: Array) -> Array:
        """Mirror left-right, to become the disparity of the other view."""
        return np.ascontiguousarray(value[:, ::-1])

    def resize(
        self, value: Array, old: Size, new: Size, interpolation: str, backend: str
    ) -> Array:
        """Take the nearest value; it grows with the width of the image."""
        moved = super().resize(value, old, new, interpolation, backend)
        kind = np.result_type(moved.dtype, np.float32)
        return (moved * (new[0] / old[0])).astype(kind)

    def warp(
        self, value: Array, matrix: Array, size: Size, fill: Any, interpolation: str
    ) -> Array:
        """Shift the map with both views; a rotated pair has no disparity."""
        if not np.array_equal(np.asarray(matrix)[:, :2], np.eye(2)):
            raise DataError(
                'a pair that is sheared or rotated is no longer rectified, and has no '
                'disparity; remove the step'
            )
        return super().warp(value, matrix, size, fill, interpolation)


class SequenceField(Field):
    """Frames of one size, e.g. the silhouettes of a walk; all move alike.

    Args:
        of: The kind of one frame.
        belongs_to: Name of the boxes of which it has one frame each, e.g. the
            masks of instances.

    Shape:
        ``(S, H, W)`` or ``(S, H, W, C)``.

    Example:
        >>> flip = TRANSFORMS.build(dict(type='RandomFlip', prob=1.0))
        >>> flip(dict(sils=np.array([[[1, 2]], [[3, 4]]], np.uint8)))['sils'].tolist()
        [[[2, 1]], [[4, 3]]]
    """

    def __init__(self, of: Field | None = None, belongs_to: str | None = None) -> None:
        self.of = ImageField() if of is None else of
        self.belongs_to = belongs_to

    @property
    def is_image(self) -> bool:  # type: ignore[override]
        """Whether the frames are images."""
        return self.of.is_image

    def check(self, value: Any) -> Array:
        """An array of frames; an empty one may have any shape."""
        if type(value) is Array and value.ndim in (3, 4) or is_empty(value):
            return np.asarray(value)
        shown = (
            f'one of shape {value.shape}'
            if isinstance(value, Array)
            else (
                f'a list of {len(value)}'
                if isinstance(value, (list, tuple))
                else f'a {type(value).__name__}'
            )
        )
        raise DataError(
            f'expected an array of frames (S, H, W) or (S, H, W, C), got {shown}; use '
            'np.stack for a list of frames; steps for each view stand in the '
            'transforms of MultiView or TestTimeAug'
        )

    def size_of(self, value: Array) -> Size | None:
        """Width and height of the frames."""
        return value.shape[2:0:-1] if value.ndim > 2 else None

    def flip(self, value: Array, direction: str, size: Size) -> Array:
        """Mirror each frame."""
        return self._each(value, lambda x: self.of.flip(x, direction, size))

    def crop(self, value: Array, window: Window) -> Array:
        """Crop each frame."""
        return self._each(value, lambda x: self.of.crop(x, window))

    def pad(self, value: Array, borders: Borders, fill: Any, mode: str) -> Array:
        """Pad each frame."""
        return self._each(value, lambda x: self.of.pad(x, borders, fill, mode))

    def resize(
        self, value: Array, old: Size, new: Size, interpolation: str, backend: str
    ) -> Array:
        """Resize each frame."""
        return self._each(
            value, lambda x: self.of.resize(x, old, new, interpolation, backend)
        )

    def warp(
        self, value: Array, matrix: Array, size: Size, fill: Any, interpolation: str
    ) -> Array:
        """Move each frame."""
        return self._each(
            value, lambda x: self.of.warp(x, matrix, size, fill, interpolation)
        )

    def recolour(self, value: Array, change: Callable[[Array], Array]) -> Array:
        """What a photometric step makes of each frame."""
        return self._each(value, change)

    def to_tensor(self, value: Array) -> Tensor:
        """``(S, H, W)``, or ``(S, C, H, W)``."""
        if value.ndim == 4 and self.is_image:
            value = value.transpose(0, 3, 1, 2)
        return numeric_as_tensor(value)

    @staticmethod
    def _each(value: Array, change: Callable[[Array], Array]) -> Array:
        if value.ndim < 3:  # empty
            return value
        if not len(value):
            return np.stack([change(np.zeros(value.shape[1:], value.dtype))])[:0]
        return np.stack([change(frame) for frame in value])
