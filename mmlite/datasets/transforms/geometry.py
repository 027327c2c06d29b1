"""Move every field of a sample at once: images, boxes, dense maps, sequences.

A geometric transform decides *where*; the functions here move whatever the
sample has there, or say which field they cannot move.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from ...errors import DataError
from .fields import (
    FIELDS,
    BoxField,
    CompanionField,
    Field,
    FixedField,
    Window,
    other_view,
)

__all__ = [
    'Window',
    'crop',
    'fields_of',
    'flip',
    'image_size',
    'images_alone',
    'images_of',
    'keep_boxes',
    'needs_kind',
    'pad',
    'recolour',
    'resize',
    'swap_flip',
    'warp',
]

Size = tuple[int, int]

#: Values of these types have no place in the image.
_PLAIN = frozenset((int, float, str, bool, type(None), dict, random.Random))


def image_size(results: dict) -> Size:
    """Width and height of the images of a sample.

    Raises:
        DataError: if the sample has no image yet, or it is a list of views.
    """
    img = results.get('img')
    if type(img) is np.ndarray and 1 < img.ndim < 4:  # the usual case
        height, width = img.shape[:2]
        return width, height
    for name, field in fields_of(results):
        size = field.size_of(results[name]) if field.is_image else None
        if size is not None:
            return size
    raise DataError(
        f'this transform needs an image, the sample has {sorted(results)}; '
        "put dict(type='LoadImageFromFile') first in the pipeline"
    )


def images_of(results: dict) -> list[tuple[str, Field]]:
    """The fields of a sample that are images, with their kinds.

    Raises:
        DataError: if there is none, or a field has no kind.
    """
    found = [(name, field) for name, field in fields_of(results) if field.is_image]
    if not found:
        image_size(results)  # says what is missing
    return found


def images_alone(results: dict, step: str) -> None:
    """Check that a sample has nothing that would have to move with its images.

    Args:
        results: The sample.
        step: Name of the transform that moves these alone.

    Raises:
        DataError: if it has.
    """
    for name, field in fields_of(results):
        if not (field.is_image or type(field) in (FixedField, CompanionField)):
            raise DataError(
                f'{step} moves images and sequences of them, not the field {name}; '
                'load it after this step, or leave it out'
            )


def recolour(
    results: dict,
    draw: Callable[[], Callable[[np.ndarray], np.ndarray]],
    one_each: bool = False,
) -> None:
    """Change the pixels of all images of a sample, of a sequence frame by frame.

    Args:
        results: The sample.
        draw: Draws what is random, and gives what is done to an image.
        one_each: Whether each image has a draw of its own, instead of one for all.

    Raises:
        DataError: if there is no image, or one cannot be changed so.
    """
    change = None
    for name, field in images_of(results):
        if change is None or one_each:
            change = draw()
        try:
            results[name] = field.recolour(results[name], change)
        except DataError as error:
            raise DataError(f'the field {name}: {error}') from None


def fields_of(results: dict) -> list[tuple[str, Field]]:
    """The fields of a sample that are to be moved, with their kinds.

    Raises:
        DataError: if one of them has no kind, or is no value of its kind.
    """
    found = []
    for name, value in results.items():
        field = FIELDS.get(name)
        if field is not None:
            if value is not None and type(field) is not FixedField:
                found.append((name, field))
        elif type(value) not in _PLAIN and needs_kind(value):
            raise DataError(
                f'the field {name} ({_shown(value)}) may have to move with the image, '
                'but no kind is registered for it: call e.g. '
                f'register_field({name!r}, MapField()), or FixedField() if it stays as '
                'it is (from mmlite.datasets.transforms)'
            )
    for name, field in found:
        results[name] = _checked(name, field, results[name])
    return found


def needs_kind(value: Any) -> bool:
    """Whether a value that has no kind may have a place in the image.

    Numbers, names and one-dimensional arrays do not.
    """
    if isinstance(value, (list, tuple)):
        return bool(value) and isinstance(value[0], (list, tuple, np.ndarray, Tensor))
    return getattr(value, 'ndim', 0) > 1 or type(value).__module__.startswith('PIL')


def _shown(value: Any) -> str:
    shape = getattr(value, 'shape', None)
    if shape is None:
        return f'a {type(value).__name__}'
    return f'shape {tuple(shape)}'


def _checked(name: str, field: Field, value: Any) -> Any:
    try:
        return field.check(value)
    except DataError as error:
        raise DataError(f'the field {name}: {error}') from None


def _origin(results: dict) -> str:
    """The file of the image of a sample, to begin a message with, if it is known."""
    keys = (key for key in results if key.endswith('img_path'))
    path = results.get(next(keys, ''))
    return f'{path}: ' if path else ''


def _moving(results: dict) -> tuple[list[tuple[str, Field]], Size]:
    """The fields that move, and the size that all of them have."""
    found = fields_of(results)
    size = image_size(results)
    if len(found) > 1:
        for name, field in found:
            own = field.size_of(results[name])
            if own is not None and tuple(own) != size:
                raise DataError(
                    f'{_origin(results)}the field {name} is {own[0]}x{own[1]} (width '
                    f'x height), but the image is {size[0]}x{size[1]}: it cannot be '
                    'moved with it; give all fields of a sample one size before this '
                    'step'
                )
    if 'ori_shape' not in results:
        results['ori_shape'] = size[::-1]
        results.setdefault('img_shape', size[::-1])
    return found, size


def _move(
    results: dict, found: list[tuple[str, Field]], method: str, *args: Any
) -> None:
    for name, field in found:
        try:
            results[name] = getattr(field, method)(results[name], *args)
        except DataError as error:
            raise DataError(f'the field {name}: {error}') from None


def flip(results: dict, direction: str) -> None:
    """Mirror a sample: ``'horizontal'``, ``'vertical'`` or ``'diagonal'`` (both).

    Raises:
        DataError: if there is a field that cannot be mirrored so.

    Example:
        >>> sample = dict(img=np.zeros((4, 6)), gt_bboxes=np.array([[0, 0, 2, 1]]))
        >>> flip(sample, 'horizontal')
        >>> sample['gt_bboxes']
        array([[4, 0, 6, 1]])
    """
    found, size = _moving(results)
    if direction != 'vertical':
        for name, _ in found:
            if results.get(other_view(name)) is not None:
                pair = ' and '.join(sorted((name, other_view(name))))
                raise DataError(
                    f'the fields {pair} are two views of a stereo pair, which cannot '
                    'be mirrored left-right each on its own; use SwapFlip, or '
                    "RandomFlip(direction='vertical')"
                )
    _move(results, found, 'flip', direction, size)


def swap_flip(results: dict) -> None:
    """Mirror a stereo pair left-right: each view becomes the other one.

    Raises:
        DataError: if a field is there of one view only.

    Example:
        >>> pair = dict(ref_img=np.uint8([[1, 2]]), tgt_img=np.uint8([[3, 4]]))
        >>> swap_flip(pair)
        >>> pair['ref_img'], pair['tgt_img']
        (array([[4, 3]], dtype=uint8), array([[2, 1]], dtype=uint8))
    """
    found, size = _moving(results)
    mirrored = {}
    for name, field in found:
        other = other_view(name)
        if other is None or results.get(other) is None:
            needed = other or 'its counterpart'
            raise DataError(
                f'the field {name}: a mirrored pair swaps its views, so {needed} of '
                f'the other view is needed, the sample has {sorted(results)}; load it, '
                'register it with register_field(name, kind, other_view=...), or leave '
                'SwapFlip out'
            )
        if hasattr(field, 'swap_flip'):
            mirrored[other] = field.swap_flip(results[name])
        else:
            mirrored[other] = field.flip(results[name], 'horizontal', size)
    results.update(mirrored)


def crop(results: dict, window: Window) -> None:
    """Keep what lies in a window; boxes that lie outside of it are dropped.

    Raises:
        DataError: if there is a field that cannot be cropped, or belongs to boxes,
            but does not have one entry each.
    """
    found, _ = _moving(results)
    _move(results, found, 'crop', window)
    results['img_shape'] = (window.height, window.width)
    _drop_all_empty_boxes(results, found)


def _drop_all_empty_boxes(results: dict, found: list[tuple[str, Field]]) -> None:
    for name, field in found:
        if isinstance(field, BoxField):
            keep_boxes(results, name, field.kept(results[name]))


def keep_boxes(results: dict, name: str, kept: np.ndarray) -> None:
    """Drop boxes, and all that belongs to them.

    Args:
        results: The sample.
        name: The field of the boxes.
        kept: Which of them stay, ``(N, )``.

    Raises:
        DataError: if a field belongs to the boxes, but does not have one entry each.

    Example:
        >>> sample = dict(gt_bboxes=np.ones((2, 4)), gt_bboxes_labels=np.array([5, 7]))
        >>> keep_boxes(sample, 'gt_bboxes', np.array([False, True]))
        >>> sample['gt_bboxes_labels']
        array([7])
    """
    for other, value in results.items():
        known = FIELDS.get(other)
        if known is None:
            _refuse_companion(other, value, name, kept)
        elif known.belongs_to == name and value is not None:
            if len(value) != len(kept):
                raise DataError(
                    f'the field {other} has {len(value)} entries for {len(kept)} '
                    f'boxes in {name}; give it one a box'
                )
            if not kept.all():
                results[other] = _selected(value, kept)
    if not kept.all():
        results[name] = _selected(results[name], kept)


def _selected(value: Any, kept: np.ndarray) -> Any:
    if isinstance(value, Tensor):
        return value[np.flatnonzero(kept)]
    return np.asarray(value)[kept]


def _refuse_companion(name: str, value: Any, boxes: str, kept: np.ndarray) -> None:
    if kept.all() or not isinstance(value, (list, np.ndarray, Tensor)):
        return
    if np.ndim(value) and len(value) == len(kept):
        raise DataError(
            f'this step drops a box of {boxes}, and the field {name} has as many '
            f'entries as there were boxes: call register_field({name!r}, '
            f'CompanionField({boxes!r})) if it has one a box, or FixedField() if it '
            'stays as it is (from mmlite.datasets.transforms)'
        )


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
            takes its own default (0, ignore, invalid), an image that of ``img``.
        mode: A key of ``PADDING_MODES``.
    """
    fill = fill or {}
    found, (width, height) = _moving(results)
    for name, field in found:
        value = fill.get(name, fill.get('img') if field.is_image else None)
        _move(results, [(name, field)], 'pad', borders, value, mode)
    left, top, right, bottom = borders
    results['img_shape'] = (height + top + bottom, width + left + right)


def resize(
    results: dict,
    size: tuple[int, int],
    interpolation: str = 'bilinear',
    backend: str = 'cv2',
) -> None:
    """Resize a sample to ``size = (width, height)``.

    Labels are taken from the nearest pixel whatever the interpolation.
    """
    found, old = _moving(results)
    _move(results, found, 'resize', old, size, interpolation, backend)
    results['img_shape'] = (size[1], size[0])
    results['scale'] = size
    results['scale_factor'] = (size[0] / old[0], size[1] / old[1])


def warp(
    results: dict,
    matrix: np.ndarray,
    fill: float | Sequence[float] = 0,
    interpolation: str = 'bilinear',
) -> None:
    """Move a sample by an affine map, within the size of its image.

    Boxes become those around the moved ones; what leaves the image is dropped.

    Args:
        results: The sample.
        matrix: Where a pixel goes, ``(2, 3)``.
        fill: Value of the new pixels of images, one or one per channel.
        interpolation: One of OpenCV's, for images.

    Raises:
        DataError: if there is a field that cannot be moved so.
    """
    found, size = _moving(results)
    for name, field in found:
        value = fill if field.is_image else None
        _move(results, [(name, field)], 'warp', matrix, size, value, interpolation)
    _drop_all_empty_boxes(results, found)
