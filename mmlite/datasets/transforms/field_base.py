"""What every kind of field has in common, and the kinds that stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...errors import DataError
from .arrays import numeric_as_tensor

__all__ = ['CompanionField', 'Field', 'FixedField', 'Window', 'is_empty']

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


class Field:
    """How one kind of field moves with the image.

    Sizes are ``(width, height)`` in pixels, borders (left, top, right, bottom).

    Override:
        flip, crop, pad, resize: what the steps do to it.
        warp: likewise for shear, shift and rotation. A step whose method is not
            overridden is an error that names the field.
        check: the value as the others take it, or an error.
        size_of: ``(width, height)``, if it has a size that must be the image's.
        to_tensor: as ``PackInputs`` gives it.

    Attributes:
        is_image: Whether photometric steps change it.
        belongs_to: Name of the boxes of which it has one entry each, or None.

    Example:
        >>> from mmlite.datasets.transforms import Field, register_field
        >>> class PointField(Field):  # (N, 2), x and y
        ...     def flip(self, value, direction, size):
        ...         mirrored = value.copy()
        ...         if direction != 'vertical':
        ...             mirrored[:, 0] = size[0] - value[:, 0]
        ...         if direction != 'horizontal':
        ...             mirrored[:, 1] = size[1] - value[:, 1]
        ...         return mirrored
        >>> register_field('my_points', PointField())
        >>> flip = TRANSFORMS.build(dict(type='RandomFlip', prob=1.0))
        >>> flip(dict(img=np.zeros((4, 6)), my_points=np.array([[1, 1]])))['my_points']
        array([[5, 1]])
    """

    is_image: ClassVar[bool] = False
    belongs_to: str | None = None

    def flip(self, value: Any, direction: str, size: Size) -> Any:
        """Mirror, in an image of ``size``."""
        raise self._unable('mirrored', 'flip')

    def crop(self, value: Any, window: Window) -> Any:
        """Keep what lies in the window."""
        raise self._unable('cropped', 'crop')

    def pad(self, value: Any, borders: Borders, fill: Any, mode: str) -> Any:
        """Add borders; ``fill=None`` stands for the field's own default."""
        raise self._unable('padded', 'pad')

    def resize(
        self, value: Any, old: Size, new: Size, interpolation: str, backend: str
    ) -> Any:
        """Go from the size ``old`` to ``new``."""
        raise self._unable('resized', 'resize')

    def warp(
        self, value: Any, matrix: np.ndarray, size: Size, fill: Any, interpolation: str
    ) -> Any:
        """Move by an affine map ``(2, 3)`` of pixel centres, within the size."""
        raise self._unable('sheared, shifted or rotated', 'warp')

    @staticmethod
    def _unable(done: str, method: str) -> DataError:
        return DataError(
            f'this kind of field cannot be {done}; remove the step, or give the kind '
            f'a method {method}'
        )

    def check(self, value: Any) -> Any:
        """The value as the steps take it.

        Raises:
            DataError: if it is no value of this kind.
        """
        return value

    def size_of(self, value: Any) -> Size | None:
        """Width and height; None if it has none of its own."""
        return None

    def to_tensor(self, value: Any) -> Tensor:
        """As a tensor.

        Raises:
            DataError: if it is not numeric.
        """
        return numeric_as_tensor(value)


class FixedField(Field):
    """A value that does not change when the image moves, e.g. a label of it."""

    def flip(self, value: Any, direction: str, size: Size) -> Any:
        """Nothing to do."""
        return value

    def crop(self, value: Any, window: Window) -> Any:
        """Nothing to do."""
        return value

    def pad(self, value: Any, borders: Borders, fill: Any, mode: str) -> Any:
        """Nothing to do."""
        return value

    def resize(
        self, value: Any, old: Size, new: Size, interpolation: str, backend: str
    ) -> Any:
        """Nothing to do."""
        return value

    def warp(
        self, value: Any, matrix: np.ndarray, size: Size, fill: Any, interpolation: str
    ) -> Any:
        """Nothing to do."""
        return value


class CompanionField(FixedField):
    """One entry a box, e.g. its label: goes when its box goes.

    Args:
        belongs_to: Name of the boxes.
        dtype: Type of the tensor of an empty list; None is torch's default.

    Example:
        >>> from mmlite.datasets.transforms import register_field
        >>> register_field('gt_tracks', CompanionField())
        >>> crop = TRANSFORMS.build(dict(type='CenterCrop', crop_size=2))
        >>> boxes = [[0, 0, 1, 1], [2, 2, 4, 4]]  # the first one is cropped away
        >>> sample = dict(img=np.ones((6, 6)), gt_bboxes=boxes, gt_tracks=[7, 8])
        >>> crop(sample)['gt_tracks']
        array([8])
    """

    def __init__(
        self, belongs_to: str = 'gt_bboxes', dtype: torch.dtype | None = None
    ) -> None:
        self.belongs_to = belongs_to
        self.dtype = dtype

    def to_tensor(self, value: Any) -> Tensor:
        """``(N, *)``."""
        if isinstance(value, (list, tuple)) and not value:
            return torch.empty(0, dtype=self.dtype)
        return super().to_tensor(value)


def is_empty(value: Any) -> bool:
    """Whether it is an array or a list without entries, of any shape."""
    if isinstance(value, np.ndarray):
        return value.size == 0 and value.ndim < 3
    return isinstance(value, (list, tuple)) and not any(map(np.size, value))
