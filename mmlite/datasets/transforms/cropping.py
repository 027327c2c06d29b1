"""Take a part of the image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from torch import Tensor

from ...errors import check_choice
from ...registry import TRANSFORMS
from .base import BaseTransform, below, rng_of
from .batch_transform import BatchTransform
from .batched_pixels import crop_batch, pad_batch, scaled
from .geometry import Window, crop, image_size, pad, resize
from .image_ops import (
    PADDING_MODES,
    Backend,
    Interpolation,
    PaddingMode,
    check_interpolation,
)

# Pillow's filters by their numbers, which torchvision took at first.
_PILLOW_FILTERS = ('nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming')


def _pair(name: str, value: int | Sequence[int]) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2 or min(pair) <= 0:
        raise ValueError(f'{name} must be one or two positive integers, got {value!r}')
    return pair


def _borders(padding: int | Sequence[int]) -> tuple[int, int, int, int]:
    if isinstance(padding, int):
        return (padding,) * 4
    if len(padding) == 2:
        return (*padding, *padding)
    if len(padding) == 4:
        return tuple(padding)
    raise ValueError(
        'padding must be one number, (left and right, top and bottom) or '
        f'(left, top, right, bottom), got {padding!r}'
    )


@TRANSFORMS.register_module()
class RandomCrop(BaseTransform):
    """Cut out a window at a random place.

    Args:
        crop_size: ``(height, width)`` of the window, or the edge of a square.
            A smaller image is taken as it is, unless ``pad_if_needed``.
        padding: Pixels to add around the image first: one number,
            ``(left and right, top and bottom)`` or
            ``(left, top, right, bottom)``.
        pad_if_needed: Whether to pad an image smaller than the window, both
            sides alike.
        pad_val: Value of added pixels, one or one per channel.
        padding_mode: ``'constant'``, ``'edge'``, ``'reflect'`` (the border pixel
            is not repeated) or ``'symmetric'`` (it is).

    Shape:
        img: ``(H, W, C)`` -> ``(height, width, C)``; uint8 or float32.

    Example:
        >>> crop = TRANSFORMS.build(dict(type='RandomCrop', crop_size=32, padding=4))
        >>> crop(dict(img=np.zeros((32, 32, 3), np.uint8)))['img'].shape
        (32, 32, 3)
    """

    former_arguments: ClassVar = {'size': 'crop_size'}

    def __init__(
        self,
        crop_size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        pad_val: float | Sequence[float] = 0,
        padding_mode: PaddingMode = 'constant',
    ) -> None:
        self.crop_size = _pair('crop_size', crop_size)
        self.padding = None if padding is None else _borders(padding)
        self.pad_if_needed = pad_if_needed
        self.pad_val = pad_val
        check_choice(PADDING_MODES, padding_mode=padding_mode)
        self.padding_mode = padding_mode
        self._fill = {'img': pad_val}

    def transform(self, results: dict) -> dict:
        """Pad and crop the sample."""
        if self.padding is not None:
            pad(results, self.padding, self._fill, self.padding_mode)
        if self.pad_if_needed:
            self._pad_to_window(results)
        width, height = image_size(results)
        crop_height = min(self.crop_size[0], height)
        crop_width = min(self.crop_size[1], width)
        rng = rng_of(results)
        y = below(rng, height - crop_height + 1)
        x = below(rng, width - crop_width + 1)
        crop(results, Window(x, y, crop_width, crop_height))
        return results

    def batched(self) -> BatchRandomCrop:
        """The same for batches."""
        return BatchRandomCrop(
            self.crop_size,
            self.padding,
            self.pad_if_needed,
            self.pad_val,
            self.padding_mode,
        )

    def _pad_to_window(self, results: dict) -> None:
        width, height = image_size(results)
        x = math.ceil(max(0, self.crop_size[1] - width) / 2)
        y = math.ceil(max(0, self.crop_size[0] - height) / 2)
        if x or y:
            pad(results, (x, y, x, y), self._fill, self.padding_mode)


@TRANSFORMS.register_module()
class BatchRandomCrop(BatchTransform):
    """Cut out a window at a random place of each image.

    The batched version of :class:`RandomCrop`.

    Args:
        crop_size: ``(height, width)`` of the window, or the edge of a square.
            Smaller images are taken as they are, unless ``pad_if_needed``.
        padding: Pixels to add around the images first: one number,
            ``(left and right, top and bottom)`` or
            ``(left, top, right, bottom)``.
        pad_if_needed: Whether to pad images smaller than the window, both sides
            alike.
        pad_val: Value of added pixels, one or one per channel.
        padding_mode: As that of :class:`RandomCrop`.

    Shape:
        images: ``(B, C, H, W)`` -> ``(B, C, height, width)``.

    Example:
        >>> crop = TRANSFORMS.build(
        ...     dict(type='BatchRandomCrop', crop_size=32, padding=4))
        >>> crop(torch.zeros(2, 3, 32, 32, dtype=torch.uint8)).shape
        torch.Size([2, 3, 32, 32])
    """

    count: ClassVar[int] = 2

    def __init__(
        self,
        crop_size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        pad_val: float | Sequence[float] = 0,
        padding_mode: PaddingMode = 'constant',
    ) -> None:
        # The per-sample version judges the arguments.
        single = RandomCrop(crop_size, padding, pad_if_needed, pad_val, padding_mode)
        self.crop_size = single.crop_size
        self.padding = single.padding
        self.pad_if_needed = pad_if_needed
        self.pad_val = pad_val
        self.padding_mode = padding_mode

    def apply(self, images: Tensor, numbers: Tensor) -> Tensor:
        """Pad and crop the images."""
        if self.padding is not None:
            images = self._pad(images, self.padding)
        if self.pad_if_needed:
            y, x = (
                math.ceil(max(0, wanted - size) / 2)
                for wanted, size in zip(self.crop_size, images.shape[2:], strict=True)
            )
            images = self._pad(images, (x, y, x, y))
        rows, columns = images.shape[2:]
        height, width = min(self.crop_size[0], rows), min(self.crop_size[1], columns)
        y = scaled(numbers[:, 0], rows - height + 1)
        x = scaled(numbers[:, 1], columns - width + 1)
        return crop_batch(images, y, x, height, width)

    def _pad(self, images: Tensor, borders: Sequence[int]) -> Tensor:
        return pad_batch(images, borders, self.pad_val, self.padding_mode)


@TRANSFORMS.register_module()
class RandomResizedCrop(BaseTransform):
    """Cut out a window of random area, shape and place, and resize it.

    Paper: Going Deeper with Convolutions, CVPR 2015,
    https://arxiv.org/abs/1409.4842 (section 6).

    Args:
        scale: ``(height, width)`` of the result, or the edge of a square.
        crop_ratio_range: Area of the window as a fraction of the image's.
        aspect_ratio_range: Width / height of the window; its logarithm is drawn
            evenly.
        max_attempts: Draws until one fits into the image; then the largest
            centred window that keeps to ``aspect_ratio_range`` is taken.
        interpolation: How to resize, e.g. ``'bilinear'``, ``'bicubic'``.
        backend: ``'cv2'``, or ``'pillow'``, which averages when it shrinks.

    Shape:
        img: ``(H, W, C)`` -> ``(height, width, C)``.

    Example:
        >>> crop = TRANSFORMS.build(dict(type='RandomResizedCrop', scale=224))
        >>> crop(dict(img=np.zeros((300, 400, 3), np.uint8)))['img'].shape
        (224, 224, 3)
    """

    states_size: ClassVar = {'scale': 'hw'}
    former_arguments: ClassVar = {
        'size': 'scale',
        'efficientnet_style': 'type=EfficientNetRandomCrop',
    }

    def __init__(
        self,
        scale: int | Sequence[int],
        crop_ratio_range: Sequence[float] = (0.08, 1.0),
        aspect_ratio_range: Sequence[float] = (3 / 4, 4 / 3),
        max_attempts: int = 10,
        interpolation: Interpolation = 'bilinear',
        backend: Backend = 'cv2',
    ) -> None:
        self.scale = _pair('scale', scale)
        for name, (low, high) in (
            ('crop_ratio_range', crop_ratio_range),
            ('aspect_ratio_range', aspect_ratio_range),
        ):
            if not 0 < low <= high:
                raise ValueError(
                    f'{name} must be (min, max) above 0, got {(low, high)}'
                )
        check_interpolation(interpolation, backend)
        self.crop_ratio_range = tuple(crop_ratio_range)
        self.aspect_ratio_range = tuple(aspect_ratio_range)
        self.max_attempts = max_attempts
        self.interpolation = interpolation
        self.backend = backend
        self._log_aspects = tuple(math.log(ratio) for ratio in aspect_ratio_range)

    def transform(self, results: dict) -> dict:
        """Crop and resize the sample."""
        crop(results, self._window(results))
        height, width = self.scale
        resize(results, (width, height), self.interpolation, self.backend)
        return results

    def _window(self, results: dict) -> Window:
        width, height = image_size(results)
        rng = rng_of(results)
        for _ in range(self.max_attempts):
            area = width * height * rng.uniform(*self.crop_ratio_range)
            aspect = math.exp(rng.uniform(*self._log_aspects))
            crop_width = round(math.sqrt(area * aspect))
            crop_height = round(math.sqrt(area / aspect))
            if 0 < crop_width <= width and 0 < crop_height <= height:
                x = below(rng, width - crop_width + 1)
                y = below(rng, height - crop_height + 1)
                return Window(x, y, crop_width, crop_height)
        low, high = self.aspect_ratio_range
        crop_width = max(1, min(width, round(height * high)))
        crop_height = max(1, min(height, round(width / low)))
        x, y = (width - crop_width) // 2, (height - crop_height) // 2
        return Window(x, y, crop_width, crop_height)


@TRANSFORMS.register_module()
class MAERandomResizedCrop(RandomResizedCrop):
    """Cut out a window of random area and place, and resize it, at the first attempt.

    What is larger than the image is cut off, so that large windows and shapes are
    more frequent than with :class:`RandomResizedCrop`. So MAE trains its linear
    classifiers, after BYOL.

    Args:
        size: ``(height, width)`` of the result, or the edge of a square.
        scale: Area of the window as a fraction of the image's.
        ratio: Width / height of the window; its logarithm is drawn evenly.
        interpolation: How to resize, by name or by Pillow's number.
        backend: ``'pillow'`` or ``'cv2'``.

    Shape:
        img: ``(H, W, C)`` -> ``(height, width, C)``; an image of PIL stays one.

    Raises:
        ValueError: if ``size``, a range or ``interpolation`` is none.

    Example:
        >>> crop = TRANSFORMS.build(dict(type='MAERandomResizedCrop', size=224))
        >>> crop(dict(img=np.zeros((300, 400, 3), np.uint8)))['img'].shape
        (224, 224, 3)
    """

    states_size: ClassVar = {'size': 'hw'}

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        interpolation: Interpolation | int = 'bilinear',
        backend: Backend = 'pillow',
    ) -> None:
        if isinstance(interpolation, int) and 0 <= interpolation < len(_PILLOW_FILTERS):
            interpolation = _PILLOW_FILTERS[interpolation]
        super().__init__(
            size, scale, ratio, interpolation=interpolation, backend=backend
        )

    def transform(self, results: dict) -> dict:
        """Crop and resize the sample."""
        image = results.get('img')
        if image is None or isinstance(image, np.ndarray):
            return super().transform(results)
        from PIL import Image

        results['img'] = np.array(image)
        results = super().transform(results)
        results['img'] = Image.fromarray(results['img'])
        return results

    def _window(self, results: dict) -> Window:
        width, height = image_size(results)
        rng = rng_of(results)
        area = width * height * rng.uniform(*self.crop_ratio_range)
        aspect = math.exp(rng.uniform(*self._log_aspects))
        crop_width = min(width, max(1, round(math.sqrt(area * aspect))))
        crop_height = min(height, max(1, round(math.sqrt(area / aspect))))
        y = below(rng, height - crop_height + 1)
        x = below(rng, width - crop_width + 1)
        return Window(x, y, crop_width, crop_height)


@TRANSFORMS.register_module()
class CenterCrop(BaseTransform):
    """Cut out the centre.

    Args:
        crop_size: ``(width, height)`` of the window, or the edge of a square.
            A smaller image is taken as it is, unless ``auto_pad``.
        auto_pad: Whether to pad an image smaller than the window, at its right
            and bottom.
        pad_cfg: The transform that pads, without its ``size``.

    Shape:
        img: ``(H, W, C)`` -> ``(height, width, C)``.

    Example:
        >>> crop = TRANSFORMS.build(dict(type='CenterCrop', crop_size=2))
        >>> crop(dict(img=np.arange(16).reshape(4, 4)))['img']
        array([[ 5,  6],
               [ 9, 10]])
    """

    is_random = False
    states_size: ClassVar = {'crop_size': 'wh'}
    former_arguments: ClassVar = {'efficientnet_style': 'type=EfficientNetCenterCrop'}

    def __init__(
        self,
        crop_size: int | Sequence[int],
        auto_pad: bool = False,
        pad_cfg: dict | None = None,
    ) -> None:
        self.crop_size = _pair('crop_size', crop_size)
        self.auto_pad = auto_pad
        self.pad_cfg = pad_cfg or dict(type='Pad')

    def transform(self, results: dict) -> dict:
        """Crop the sample."""
        width, height = image_size(results)
        if self.auto_pad and (width < self.crop_size[0] or height < self.crop_size[1]):
            size = (max(width, self.crop_size[0]), max(height, self.crop_size[1]))
            results = TRANSFORMS.build(dict(self.pad_cfg, size=size))(results)
            width, height = size
        crop_width = min(self.crop_size[0], width)
        crop_height = min(self.crop_size[1], height)
        x = round((width - crop_width) / 2)
        y = round((height - crop_height) / 2)
        crop(results, Window(x, y, crop_width, crop_height))
        return results
