"""The kinds of fields of a sample: how each moves with the image.

A field is entered once, by name; every step of a pipeline then knows what it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from torch import Tensor

from ...errors import DataError
from .arrays import image_as_tensor, numeric_as_tensor
from .image_ops import flip_image, pad_image, resize_image

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
        flip, crop, pad, resize: what the steps do to it; raise ``DataError`` for
            what it cannot do.
        check: the value as the others take it, or an error.
        size_of: ``(width, height)``, if it has a size that must be the image's.
        to_tensor: as ``PackInputs`` gives it.

    Attributes:
        is_image: Whether photometric steps change it.
        belongs_to: Name of the boxes of which it has one entry each, or None.

    Example:
        >>> class PointField(FixedField):  # (N, 2), x and y
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

    @abstractmethod
    def flip(self, value: Any, direction: str, size: Size) -> Any:
        """Mirror, in an image of ``size``."""

    @abstractmethod
    def crop(self, value: Any, window: Window) -> Any:
        """Keep what lies in the window."""

    @abstractmethod
    def pad(self, value: Any, borders: Borders, fill: Any, mode: str) -> Any:
        """Add borders; ``fill=None`` stands for the field's own default."""

    @abstractmethod
    def resize(
        self, value: Any, old: Size, new: Size, interpolation: str, backend: str
    ) -> Any:
        """Go from the size ``old`` to ``new``."""

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


class CompanionField(FixedField):
    """One entry a box, e.g. its label: goes when its box goes.

    Args:
        belongs_to: Name of the boxes.

    Example:
        >>> register_field('gt_tracks', CompanionField())
        >>> crop = TRANSFORMS.build(dict(type='CenterCrop', crop_size=2))
        >>> boxes = [[0, 0, 1, 1], [2, 2, 4, 4]]  # the first one is cropped away
        >>> sample = dict(img=np.ones((6, 6)), gt_bboxes=boxes, gt_tracks=[7, 8])
        >>> crop(sample)['gt_tracks']
        array([8])
    """

    def __init__(self, belongs_to: str = 'gt_bboxes') -> None:
        self.belongs_to = belongs_to


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
                'another name, entered with register_field(name, kind)'
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


class ValidField(MapField):
    """Where another map holds, 1 or 0; never outside of the image.

    Shape:
        ``(H, W)``.
    """

    layouts: ClassVar = {2: '(H, W)'}

    def pad(self, value: Array, borders: Borders, fill: Any, mode: str) -> Array:
        """Add zeros: what is made up around the image is not valid."""
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
        if type(value) is Array and value.ndim in (3, 4) or _is_empty(value):
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


class BoxField(Field):
    """Boxes in pixels: edges, not pixel centres. An empty one may have any shape.

    Shape:
        ``(N, 4)``, ``(x1, y1, x2, y2)``.
    """

    def check(self, value: Any) -> Array:
        """An array ``(N, 4)``; lists become one of float32."""
        if _is_empty(value):
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

    def kept(self, value: Array) -> Array:
        """Which boxes have an area, ``(N, )``."""
        return (value[:, 2] > value[:, 0]) & (value[:, 3] > value[:, 1])

    def to_tensor(self, value: Any) -> Tensor:
        """``(N, 4)``."""
        return numeric_as_tensor(self.check(value))


def _is_empty(value: Any) -> bool:
    if isinstance(value, Array):
        return value.size == 0 and value.ndim < 3
    return isinstance(value, (list, tuple)) and not any(map(np.size, value))


#: The fields that are known, by name.
FIELDS: dict[str, Field] = {}
_OTHER_VIEW: dict[str, str] = {}


def register_field(name: str, field: Field, other_view: str | None = None) -> None:
    """Enter a field of a sample, so that every step knows what it is.

    Call it where your package is imported (``custom_imports``). To enter a name
    again replaces what it was.

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
register_field('gt_bboxes', BoxField())
for _name in ('gt_bboxes_labels', 'gt_labels', 'gt_ignore_flags'):
    register_field(_name, CompanionField('gt_bboxes'))
register_field('gt_masks', SequenceField(MapField(), belongs_to='gt_bboxes'))
for _name in ('gt_label', 'gt_score', 'instances'):  # instances: as annotated
    register_field(_name, FixedField())
