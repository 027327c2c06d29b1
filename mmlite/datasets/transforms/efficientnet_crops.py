"""The crops that EfficientNet was trained and tested with."""

from __future__ import annotations

import math
from typing import Any

from ...errors import check_at_least
from ...registry import TRANSFORMS
from .base import BaseTransform, below, rng_of
from .cropping import RandomResizedCrop
from .geometry import Window, crop, image_size, resize
from .image_ops import Backend, Interpolation, check_interpolation

__all__ = ['EfficientNetCenterCrop', 'EfficientNetRandomCrop']


def _central(width: int, height: int, size: int, padding: int) -> Window:
    """The centre that remains if a border of ``padding`` is left out of ``size``."""
    edge = size / (size + padding) * min(width, height)
    x = max(0, round((width - edge) / 2))
    y = max(0, round((height - edge) / 2))
    return Window(x, y, *(max(1, int(edge)),) * 2)


@TRANSFORMS.register_module()
class EfficientNetRandomCrop(RandomResizedCrop):
    """Cut out a window of random area, shape and place, and resize it to a square.

    Paper: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks,
    ICML 2019, https://arxiv.org/abs/1905.11946. The aspect ratio is drawn evenly, then
    the height among those that fit. Differs from mmpretrain in that the central crop,
    if none fits, is of whole pixels.

    Args:
        scale: Edge of the result in pixels.
        min_covered: Least area of the window as a fraction of the image's.
        crop_padding: Border of the central crop that is taken if no draw fits.
        interpolation: How to resize, e.g. ``'bilinear'``, ``'bicubic'``.
        kwargs: Arguments of :class:`RandomResizedCrop`.

    Shape:
        img: ``(H, W, C)`` -> ``(scale, scale, C)``.

    Example:
        >>> step = TRANSFORMS.build(dict(type='EfficientNetRandomCrop', scale=8))
        >>> step(dict(img=np.zeros((20, 30, 3), np.uint8)))['img'].shape
        (8, 8, 3)
    """

    def __init__(
        self,
        scale: int,
        min_covered: float = 0.1,
        crop_padding: int = 32,
        interpolation: Interpolation = 'bicubic',
        **kwargs: Any,
    ) -> None:
        if not isinstance(scale, int):
            raise ValueError(f'scale must be an integer, got {scale!r}')
        check_at_least(0, min_covered=min_covered, crop_padding=crop_padding)
        super().__init__(scale, interpolation=interpolation, **kwargs)
        self.min_covered = min_covered
        self.crop_padding = crop_padding

    def _window(self, results: dict) -> Window:
        width, height = image_size(results)
        rng = rng_of(results)
        area = width * height
        low, high = (ratio * area for ratio in self.crop_ratio_range)
        for _ in range(self.max_attempts):
            aspect = rng.uniform(*self.aspect_ratio_range)
            tallest = round(math.sqrt(high / aspect))
            if tallest * aspect > width:
                tallest = int((width + 0.5 - 1e-7) / aspect)
                tallest -= tallest * aspect > width
            tallest = min(tallest, height)
            least = min(tallest, round(math.sqrt(low / aspect)))
            crop_height = round(rng.uniform(least, tallest))
            crop_width = round(crop_height * aspect)
            covered = crop_width * crop_height
            fits = 0 < crop_width <= width and 0 < crop_height <= height
            if fits and max(low, self.min_covered * area) <= covered <= high:
                y = below(rng, height - crop_height + 1)
                x = below(rng, width - crop_width + 1)
                return Window(x, y, crop_width, crop_height)
        return _central(width, height, self.scale[0], self.crop_padding)


@TRANSFORMS.register_module()
class EfficientNetCenterCrop(BaseTransform):
    """Cut out a central square that leaves a border, and resize it.

    Paper: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks,
    ICML 2019, https://arxiv.org/abs/1905.11946.

    Args:
        crop_size: Edge of the result in pixels.
        crop_padding: Border that is left out, in pixels of an image whose short edge
            is ``crop_size + crop_padding``.
        interpolation: How to resize, e.g. ``'bilinear'``, ``'bicubic'``.
        backend: ``'cv2'``, or ``'pillow'``, which averages when it shrinks.

    Shape:
        img: ``(H, W, C)`` -> ``(crop_size, crop_size, C)``.

    Example:
        >>> step = TRANSFORMS.build(dict(type='EfficientNetCenterCrop', crop_size=8))
        >>> step(dict(img=np.zeros((20, 30, 3), np.uint8)))['img'].shape
        (8, 8, 3)
    """

    is_random = False

    def __init__(
        self,
        crop_size: int,
        crop_padding: int = 32,
        interpolation: Interpolation = 'bicubic',
        backend: Backend = 'cv2',
    ) -> None:
        if not isinstance(crop_size, int):
            raise ValueError(f'crop_size must be an integer, got {crop_size!r}')
        check_at_least(1, crop_size=crop_size)
        check_at_least(0, crop_padding=crop_padding)
        check_interpolation(interpolation, backend)
        self.crop_size = crop_size
        self.crop_padding = crop_padding
        self.interpolation = interpolation
        self.backend = backend

    def transform(self, results: dict) -> dict:
        """Crop and resize the sample."""
        window = _central(*image_size(results), self.crop_size, self.crop_padding)
        crop(results, window)
        size = (self.crop_size, self.crop_size)
        resize(results, size, self.interpolation, self.backend)
        return results
