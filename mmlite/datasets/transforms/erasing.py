"""Random erasing: fill a part of the image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from ...errors import DataError, check_choice, check_fraction
from ...registry import TRANSFORMS
from .base import BaseTransform, below, rng_of
from .batch_transform import BatchTransform
from .batched_pixels import colour_like, scaled
from .geometry import Window, image_size, recolour
from .image_ops import per_channel


@TRANSFORMS.register_module()
class RandomErasing(BaseTransform):
    """Fill a random rectangle of the image, the same one in all images of a sample.

    Paper: Random Erasing Data Augmentation, AAAI 2020,
    https://arxiv.org/abs/1708.04896. Differs from it, as mmpretrain does, in that a
    side longer than the image is cut off, instead of another rectangle being drawn.

    Args:
        erase_prob: Probability of erasing.
        min_area_ratio: Least area of the rectangle as a fraction of the image's.
        max_area_ratio: Largest such fraction.
        aspect_range: ``(min, max)`` of height / width, its logarithm is drawn
            evenly; one number ``x`` stands for ``x`` and ``1 / x``.
        mode: ``'const'``: one colour; ``'rand'``: noise, normal if ``fill_std``
            is given, even over 0-255 otherwise.
        fill_color: The colour, or the mean of the normal noise, one or one per
            channel.
        fill_std: Standard deviation of the normal noise, one or one per channel.

    Shape:
        img: ``(H, W, C)``, unchanged. An image in which the rectangle is less than
            half a pixel wide stays as it is.

    Example:
        >>> erase = TRANSFORMS.build(
        ...     dict(type='RandomErasing', erase_prob=1.0, min_area_ratio=0.25,
        ...          max_area_ratio=0.25, aspect_range=(1, 1), fill_color=9))
        >>> int(erase(dict(img=np.zeros((8, 8, 3))))['img'].sum())  # 16 px, 3 channels
        432
    """

    def __init__(
        self,
        erase_prob: float = 0.5,
        min_area_ratio: float = 0.02,
        max_area_ratio: float = 0.4,
        aspect_range: float | Sequence[float] = (3 / 10, 10 / 3),
        mode: Literal['const', 'rand'] = 'const',
        fill_color: float | Sequence[float] = (128, 128, 128),
        fill_std: float | Sequence[float] | None = None,
    ) -> None:
        check_fraction(erase_prob=erase_prob)
        if not 0 < min_area_ratio <= max_area_ratio < 1:
            raise ValueError(
                'expected 0 < min_area_ratio <= max_area_ratio < 1, got '
                f'{min_area_ratio} and {max_area_ratio}'
            )
        if isinstance(aspect_range, (int, float)):
            aspect_range = sorted((aspect_range, 1 / aspect_range))
        if not 0 < aspect_range[0] <= aspect_range[1]:
            raise ValueError(
                f'aspect_range must be (min, max) above 0, got {aspect_range}'
            )
        check_choice(('const', 'rand'), mode=mode)
        self.erase_prob = erase_prob
        self.min_area_ratio = min_area_ratio
        self.max_area_ratio = max_area_ratio
        self.aspect_range = tuple(aspect_range)
        self.mode = mode
        self.fill_color = fill_color
        self.fill_std = fill_std
        self._log_aspects = tuple(math.log(ratio) for ratio in aspect_range)

    def transform(self, results: dict) -> dict:
        """Erase a rectangle, or do not."""
        rng = rng_of(results)
        if rng.random() >= self.erase_prob:
            return results
        width, height = image_size(results)
        area = width * height * rng.uniform(self.min_area_ratio, self.max_area_ratio)
        aspect = math.exp(rng.uniform(*self._log_aspects))
        erase_height = min(height, round(math.sqrt(area * aspect)))
        erase_width = min(width, round(math.sqrt(area / aspect)))
        y = below(rng, height - erase_height + 1)
        x = below(rng, width - erase_width + 1)
        window = Window(x, y, erase_width, erase_height)
        change = partial(self._erased, window, rng.getrandbits(64))
        recolour(results, lambda: change)
        return results

    def _erased(self, window: Window, seed: int, img: np.ndarray) -> np.ndarray:
        x, y, width, height = window
        img = img.copy()
        part = img[y : y + height, x : x + width]
        part[...] = self._patch(part, seed)
        return img

    def batched(self) -> BatchRandomErasing:
        """The same for batches."""
        return BatchRandomErasing(
            self.erase_prob,
            self.min_area_ratio,
            self.max_area_ratio,
            self.aspect_range,
            self.mode,
            self.fill_color,
            self.fill_std,
        )

    def _patch(self, part: np.ndarray, seed: int) -> np.ndarray:
        shape = part.shape
        if len(shape) == 2 or shape[2] == 1:
            colour = np.mean(self.fill_color)
        else:
            colour = per_channel(self.fill_color, part, self, 'fill_color')
        if self.mode == 'const':
            return colour
        generator = np.random.default_rng(seed)
        if self.fill_std is None:
            return generator.integers(0, 256, shape)
        std = per_channel(self.fill_std, part, self, 'fill_std')
        return generator.normal(colour, std, shape).clip(0, 255)


@TRANSFORMS.register_module()
class BatchRandomErasing(BatchTransform):
    """Fill a random rectangle of each image.

    The batched version of :class:`RandomErasing`. The pixels of noise come from
    torch's generator of the device.

    Args:
        erase_prob: Probability of erasing.
        min_area_ratio: Least area of the rectangle as a fraction of the image's.
        max_area_ratio: Largest such fraction.
        aspect_range: ``(min, max)`` of height / width, its logarithm is drawn
            evenly; one number ``x`` stands for ``x`` and ``1 / x``.
        mode: As that of :class:`RandomErasing`.
        fill_color: The colour, or the mean of the normal noise, one or one per
            channel.
        fill_std: Standard deviation of the normal noise, one or one per channel.

    Shape:
        images: ``(B, C, H, W)``, unchanged. Images in which the rectangle is less
            than half a pixel wide stay as they are.

    Example:
        >>> erase = TRANSFORMS.build(
        ...     dict(type='BatchRandomErasing', erase_prob=1.0, min_area_ratio=0.25,
        ...          max_area_ratio=0.25, aspect_range=(1, 1), fill_color=9))
        >>> int(erase(torch.zeros(1, 3, 8, 8)).sum())  # 16 px, 3 channels
        432
    """

    count: ClassVar[int] = 5
    moves: ClassVar[bool] = False

    def __init__(
        self,
        erase_prob: float = 0.5,
        min_area_ratio: float = 0.02,
        max_area_ratio: float = 0.4,
        aspect_range: float | Sequence[float] = (3 / 10, 10 / 3),
        mode: Literal['const', 'rand'] = 'const',
        fill_color: float | Sequence[float] = (128, 128, 128),
        fill_std: float | Sequence[float] | None = None,
    ) -> None:
        areas = min_area_ratio, max_area_ratio
        # The per-sample version judges the arguments.
        single = RandomErasing(
            erase_prob, *areas, aspect_range, mode, fill_color, fill_std
        )
        self.erase_prob = erase_prob
        self.min_area_ratio = min_area_ratio
        self.max_area_ratio = max_area_ratio
        self.aspect_range = single.aspect_range
        self.mode = mode
        self.fill_color = fill_color
        self.fill_std = fill_std

    def apply(self, images: Tensor, numbers: Tensor) -> Tensor:
        """Erase the rectangles."""
        y, x, height, width = self._rectangles(numbers, *images.shape[2:])
        rows = torch.arange(images.size(2), device=images.device)
        columns = torch.arange(images.size(3), device=images.device)
        in_rows = (rows >= y) & (rows < y + height)  # (B, H)
        in_columns = (columns >= x) & (columns < x + width)  # (B, W)
        erased = (in_rows.unsqueeze(2) & in_columns.unsqueeze(1)).unsqueeze(1)
        return torch.where(erased, self._patch(images), images)

    def _rectangles(
        self, numbers: Tensor, rows: int, columns: int
    ) -> tuple[Tensor, ...]:
        """Upper and left edge, height and width, each ``(B, 1)``; or nothing, 0."""
        drawn, of_area, of_aspect, of_y, of_x = numbers.split(1, dim=1)
        low, high = self.min_area_ratio, self.max_area_ratio
        area = (low + of_area * (high - low)) * (rows * columns)
        low, high = (math.log(ratio) for ratio in self.aspect_range)
        aspect = torch.exp(low + of_aspect * (high - low))
        height = (area * aspect).sqrt().round().long().clamp(max=rows)
        width = (area / aspect).sqrt().round().long().clamp(max=columns)
        y, x = scaled(of_y, rows - height + 1), scaled(of_x, columns - width + 1)
        return y, x, height * (drawn < self.erase_prob), width

    def _patch(self, images: Tensor) -> Tensor:
        """What the rectangles show: a colour, or noise in the shape of the images."""
        colour = self.fill_color
        if images.size(1) == 1 or np.ptp(colour) == 0:
            colour = float(np.mean(colour))
        elif len(colour) != images.size(1):
            raise DataError(
                f'RandomErasing: fill_color has {len(colour)} values, but the images '
                f'have {images.size(1)} channels; give one for each'
            )
        if self.mode == 'const':
            return colour_like(images, colour)
        if self.fill_std is None:
            return torch.randint_like(images, 0, 256)
        noise = torch.randn(images.shape, device=images.device)
        noise = noise * colour_like(noise, self.fill_std) + colour_like(noise, colour)
        return noise.clamp(0, 255).to(images.dtype)
