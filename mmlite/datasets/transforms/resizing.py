"""Change the size of the image, by interpolation or by adding borders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from ...errors import check_at_least, check_choice
from ...registry import TRANSFORMS
from .base import BaseTransform
from .fields import FIELDS, BoxField, Window
from .geometry import image_size, pad, resize
from .image_ops import (
    PADDING_MODES,
    Backend,
    Interpolation,
    PaddingMode,
    check_interpolation,
)
from .scales import as_factors, as_scale, is_edge


@TRANSFORMS.register_module()
class Resize(BaseTransform):
    """Resize the image to a size, or by a factor.

    Args:
        scale: ``(width, height)`` of the result, or the edge of a square.
        scale_factor: Factor on both sides, or one for the width and one for the
            height; instead of ``scale``.
        keep_ratio: Whether to keep width / height: ``scale`` is then the largest
            long and short side allowed, in any order.
        clip_object_border: Whether boxes that reach beyond the image are cut off
            at its edge.
        backend: ``'cv2'``, or ``'pillow'``, which averages when it shrinks.
        interpolation: How to resize, e.g. ``'bilinear'``, ``'bicubic'``.

    Shape:
        img: ``(H, W, C)`` -> ``(height, width, C)``.

    Raises:
        ValueError: if not just one of ``scale`` and ``scale_factor`` is given, or it
            is no size, or no factor.

    Example:
        >>> resize = TRANSFORMS.build(dict(type='Resize', scale=(8, 4)))
        >>> resize(dict(img=np.zeros((16, 16), np.uint8)))['img'].shape
        (4, 8)
    """

    is_random = False
    former_arguments: ClassVar = {'size': 'scale, or of one edge ResizeEdge(scale=...)'}

    def __init__(
        self,
        scale: int | Sequence[int] | None = None,
        scale_factor: float | Sequence[float] | None = None,
        keep_ratio: bool = False,
        clip_object_border: bool = True,
        backend: Backend = 'cv2',
        interpolation: Interpolation = 'bilinear',
    ) -> None:
        if (scale is None) == (scale_factor is None):
            raise ValueError(
                'give one of scale and scale_factor, got '
                f'scale={scale!r}, scale_factor={scale_factor!r}'
            )
        check_interpolation(interpolation, backend)
        self.scale = None if scale is None else as_scale(scale)
        self.scale_factor = None if scale_factor is None else as_factors(scale_factor)
        self.keep_ratio = keep_ratio
        self.clip_object_border = clip_object_border
        self.backend = backend
        self.interpolation = interpolation

    def transform(self, results: dict) -> dict:
        """Resize the sample."""
        size = self._target(*image_size(results))
        resize(results, size, self.interpolation, self.backend)
        if self.clip_object_border:
            _clip_boxes(results, size)
        results['keep_ratio'] = self.keep_ratio
        return results

    def _target(self, width: int, height: int) -> tuple[int, int]:
        if self.scale is None:
            factor_x, factor_y = self.scale_factor
            scale = (width * factor_x, height * factor_y)
        else:
            scale = self.scale
        if self.keep_ratio:
            long, short = max(scale), min(scale)
            ratio = min(long / max(width, height), short / min(width, height))
            scale = (width * ratio, height * ratio)
        return max(1, int(scale[0] + 0.5)), max(1, int(scale[1] + 0.5))


def _clip_boxes(results: dict, size: tuple[int, int]) -> None:
    """Cut boxes off at the edge of an image of ``size = (width, height)``."""
    for name, value in results.items():
        if value is not None and isinstance(field := FIELDS.get(name), BoxField):
            results[name] = field.crop(value, Window(0, 0, *size))


@TRANSFORMS.register_module()
class ResizeEdge(BaseTransform):
    """Resize the image so that one edge has a length; the other follows.

    Args:
        scale: Length of the edge in pixels.
        edge: ``'short'``, ``'long'``, ``'width'`` or ``'height'``.
        backend: ``'cv2'``, or ``'pillow'``, which averages when it shrinks.
        interpolation: How to resize, e.g. ``'bilinear'``, ``'bicubic'``.

    Shape:
        img: ``(H, W, C)`` -> ``(height, width, C)``.

    Example:
        >>> resize = TRANSFORMS.build(dict(type='ResizeEdge', scale=256))
        >>> resize(dict(img=np.zeros((300, 400, 3), np.uint8)))['img'].shape
        (256, 341, 3)
    """

    is_random = False
    states_size: ClassVar = {}  # one edge depends on the image

    def __init__(
        self,
        scale: int,
        edge: Literal['short', 'long', 'width', 'height'] = 'short',
        backend: Backend = 'cv2',
        interpolation: Interpolation = 'bilinear',
    ) -> None:
        check_choice(('short', 'long', 'width', 'height'), edge=edge)
        if not is_edge(scale):
            raise ValueError(
                'scale is the length of the edge in pixels, an integer, 1 or more, got '
                f'{scale!r}'
            )
        check_interpolation(interpolation, backend)
        self.scale = scale
        self.edge = edge
        self.backend = backend
        self.interpolation = interpolation

    def transform(self, results: dict) -> dict:
        """Resize the sample."""
        width, height = image_size(results)
        to_width = self.edge == 'width' or (
            width < height if self.edge == 'short' else width > height
        )
        if to_width and self.edge != 'height':
            size = (self.scale, max(1, int(self.scale * height / width)))
        else:
            size = (max(1, int(self.scale * width / height)), self.scale)
        resize(results, size, self.interpolation, self.backend)
        return results


@TRANSFORMS.register_module()
class Pad(BaseTransform):
    """Add pixels at the right and the bottom.

    Args:
        size: ``(width, height)`` to pad to; a larger image stays as it is.
        size_divisor: Pad both sides to a multiple of this.
        pad_to_square: Whether to pad to a square first.
        pad_val: Value of the new pixels: one number for the image, or
            ``dict(img=..., seg=...)``; maps take 255 by default.
        padding_mode: ``'constant'``, ``'edge'``, ``'reflect'`` or
            ``'symmetric'``.

    Shape:
        img: ``(H, W, C)`` -> ``(height, width, C)``.

    Example:
        >>> pad = TRANSFORMS.build(dict(type='Pad', size_divisor=32))
        >>> pad(dict(img=np.zeros((30, 40, 3), np.uint8)))['img'].shape
        (32, 64, 3)
    """

    is_random = False
    states_size: ClassVar = {'size': 'wh'}

    def __init__(
        self,
        size: Sequence[int] | None = None,
        size_divisor: int | None = None,
        pad_to_square: bool = False,
        pad_val: float | Mapping | None = None,
        padding_mode: PaddingMode = 'constant',
    ) -> None:
        if size is not None and (size_divisor is not None or pad_to_square):
            raise ValueError('size goes with neither size_divisor nor pad_to_square')
        if size is None and size_divisor is None and not pad_to_square:
            raise ValueError('give size, size_divisor or pad_to_square=True')
        check_choice(PADDING_MODES, padding_mode=padding_mode)
        check_at_least(1, size_divisor=size_divisor)
        for side in size or ():
            check_at_least(1, size=side)
        self.size = size
        self.size_divisor = size_divisor
        self.pad_to_square = pad_to_square
        self.pad_val = pad_val
        self.padding_mode = padding_mode
        fill = dict(pad_val) if isinstance(pad_val, Mapping) else {'img': pad_val}
        if 'seg' in fill:
            fill['gt_seg_map'] = fill.pop('seg')
        self._fill = fill

    def transform(self, results: dict) -> dict:
        """Pad the sample."""
        width, height = image_size(results)
        new_width, new_height = self._target(width, height)
        borders = (0, 0, max(0, new_width - width), max(0, new_height - height))
        pad(results, borders, self._fill, self.padding_mode)
        img = results.get('img')
        results['pad_shape'] = results['img_shape'] if img is None else img.shape
        return results

    def _target(self, width: int, height: int) -> tuple[int, int]:
        if self.size is not None:
            return tuple(self.size)
        if self.pad_to_square:
            width = height = max(width, height)
        step = self.size_divisor or 1
        return -(-width // step) * step, -(-height // step) * step
