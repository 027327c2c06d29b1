"""Masks of patches for masked image modelling, and the two pictures of BEiT."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from ...registry import TRANSFORMS
from .base import BaseTransform, below, rng_of
from .cropping import RandomResizedCrop
from .geometry import crop, resize
from .image_ops import check_interpolation

__all__ = [
    'BEiTMaskGenerator',
    'MaskGenerator',
    'RandomResizedCropAndInterpolationWithTwoPic',
    'SimMIMMaskGenerator',
]

#: How often a block is tried before smaller ones are taken.
_TRIES = 10


class MaskGenerator(BaseTransform):
    """Base of the steps that draw which patches of an image are hidden.

    Override:
        transform: adds ``mask``, 1 where a patch is hidden.
    """


@TRANSFORMS.register_module()
class SimMIMMaskGenerator(MaskGenerator):
    """Hide square blocks of an image, as SimMIM and MaskFeat do.

    Args:
        input_size: Pixels of a side of the image.
        mask_patch_size: Pixels of a side of a block.
        model_patch_size: Pixels of a side of a patch of the model.
        mask_ratio: Share of the blocks that is hidden, rounded up.

    Shape:
        mask: ``(input_size / model_patch_size, ) * 2``, 1 where a patch is hidden.

    Raises:
        ValueError: if the sizes do not divide each other, or mask_ratio is not
            between 0 and 1.

    Example:
        >>> step = TRANSFORMS.build(dict(
        ...     type='SimMIMMaskGenerator', input_size=64, mask_ratio=0.5))
        >>> mask = step({})['mask']
        >>> mask.shape, int(mask.sum())  # 2 blocks of 8 x 8 patches
        ((16, 16), 128)
    """

    def __init__(
        self,
        input_size: int = 192,
        mask_patch_size: int = 32,
        model_patch_size: int = 4,
        mask_ratio: float = 0.6,
    ) -> None:
        if input_size % mask_patch_size or mask_patch_size % model_patch_size:
            raise ValueError(
                f'input_size={input_size} is a multiple of mask_patch_size='
                f'{mask_patch_size}, and that of model_patch_size={model_patch_size}'
            )
        if not 0 < mask_ratio < 1:
            raise ValueError(f'mask_ratio must lie between 0 and 1, got {mask_ratio}')
        self.input_size = input_size
        self.mask_patch_size = mask_patch_size
        self.model_patch_size = model_patch_size
        self.mask_ratio = mask_ratio
        self.rand_size = input_size // mask_patch_size
        # 0.6 * 5 is 3, not a little more
        self.mask_count = math.ceil(self.rand_size**2 * mask_ratio - 1e-9)

    def transform(self, results: dict) -> dict:
        """Draw the blocks."""
        blocks = self.rand_size**2
        mask = np.zeros(blocks, np.int64)
        mask[rng_of(results).sample(range(blocks), self.mask_count)] = 1
        times = self.mask_patch_size // self.model_patch_size
        mask = mask.reshape(self.rand_size, self.rand_size)
        results['mask'] = mask.repeat(times, axis=0).repeat(times, axis=1)
        return results


@TRANSFORMS.register_module()
class BEiTMaskGenerator(MaskGenerator):
    """Hide rectangles of patches until as many as stated are hidden.

    Paper: BEiT: BERT Pre-Training of Image Transformers, ICLR 2022,
    https://arxiv.org/abs/2106.08254

    Args:
        input_size: Rows and columns of patches.
        num_masking_patches: How many of them are hidden.
        min_num_patches: Patches of the smallest rectangle, as long as so many are
            left to hide.
        max_num_patches: Patches of the largest one; ``num_masking_patches`` if None.
        min_aspect: Height over width of the flattest rectangle.
        max_aspect: The same of the highest one; ``1 / min_aspect`` if None.

    Shape:
        mask: ``input_size``, 1 where a patch is hidden.

    Raises:
        ValueError: if there are not as many patches to hide.

    Example:
        >>> step = TRANSFORMS.build(dict(
        ...     type='BEiTMaskGenerator', input_size=14, num_masking_patches=75,
        ...     min_num_patches=16))
        >>> mask = step({})['mask']
        >>> mask.shape, int(mask.sum())
        ((14, 14), 75)
    """

    def __init__(
        self,
        input_size: int | Sequence[int],
        num_masking_patches: int,
        min_num_patches: int = 4,
        max_num_patches: int | None = None,
        min_aspect: float = 0.3,
        max_aspect: float | None = None,
    ) -> None:
        one = isinstance(input_size, int)
        self.height, self.width = (input_size, input_size) if one else input_size
        if not 0 < num_masking_patches < self.height * self.width:
            raise ValueError(
                f'num_masking_patches must lie between 0 and the {self.height} x '
                f'{self.width} patches, got {num_masking_patches}'
            )
        self.num_masking_patches = num_masking_patches
        self.min_num_patches = min_num_patches
        self.max_num_patches = max_num_patches or num_masking_patches
        self.min_aspect = min_aspect
        self.max_aspect = max_aspect or 1 / min_aspect

    def transform(self, results: dict) -> dict:
        """Draw the rectangles."""
        rng = rng_of(results)
        mask = np.zeros((self.height, self.width), np.int64)
        left = self.num_masking_patches
        while left:
            hidden = self._hide(mask, min(left, self.max_num_patches), rng)
            if not hidden:  # no rectangle fits what is left: one patch does
                places = np.flatnonzero(mask == 0)
                mask.flat[places[below(rng, len(places))]] = 1
                hidden = 1
            left -= hidden
        results['mask'] = mask
        return results

    def _hide(self, mask: np.ndarray, most: int, rng: random.Random) -> int:
        """Hide a rectangle of up to ``most`` new patches; say how many it hid."""
        bounds = math.log(self.min_aspect), math.log(self.max_aspect)
        for _ in range(_TRIES):
            area = rng.uniform(min(self.min_num_patches, most), most)
            aspect = math.exp(rng.uniform(*bounds))
            height = round(math.sqrt(area * aspect))
            width = round(math.sqrt(area / aspect))
            if not (0 < height < self.height and 0 < width < self.width):
                continue
            top = below(rng, self.height - height + 1)
            start = below(rng, self.width - width + 1)
            block = mask[top : top + height, start : start + width]
            new = height * width - int(block.sum())
            if 0 < new <= most:
                block[...] = 1
                return new
        return 0


@TRANSFORMS.register_module()
class RandomResizedCropAndInterpolationWithTwoPic(RandomResizedCrop):
    """Cut out a window of random area, and resize it to two sizes.

    The first is what BEiT sees, the second what its target is made of.

    Args:
        size: ``(width, height)`` of the first, or the edge of a square.
        second_size: The same of the second; with None there is one image.
        scale: Area of the window as a fraction of the image's.
        ratio: Width / height of the window; its logarithm is drawn evenly.
        interpolation: How to resize to the first; ``'random'`` draws
            ``'bilinear'`` or ``'bicubic'``.
        second_interpolation: How to resize to the second.

    Shape:
        img: ``(H, W, C)`` -> a list of ``(height, width, C)``.

    Example:
        >>> step = TRANSFORMS.build(dict(
        ...     type='RandomResizedCropAndInterpolationWithTwoPic', size=224,
        ...     second_size=112))
        >>> images = step(dict(img=np.zeros((300, 400, 3), np.uint8)))['img']
        >>> [img.shape for img in images]
        [(224, 224, 3), (112, 112, 3)]
    """

    states_size: ClassVar = {'size': 'wh'}

    def __init__(
        self,
        size: int | Sequence[int],
        second_size: int | Sequence[int] | None = None,
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        interpolation: str = 'bilinear',
        second_interpolation: str = 'lanczos',
    ) -> None:
        first = 'bilinear' if interpolation == 'random' else interpolation
        super().__init__(size, scale, ratio, interpolation=first)
        check_interpolation(second_interpolation, self.backend)
        one = isinstance(second_size, int)
        self.second_size = (second_size, second_size) if one else second_size
        self.random_interpolation = interpolation == 'random'
        self.second_interpolation = second_interpolation

    def transform(self, results: dict) -> dict:
        """Crop and resize the sample twice."""
        crop(results, self._window(results))
        way = self.interpolation
        if self.random_interpolation:
            way = ('bilinear', 'bicubic')[below(rng_of(results), 2)]
        second = dict(results)
        resize(results, self.scale, way, self.backend)
        if self.second_size is not None:
            resize(second, self.second_size, self.second_interpolation, self.backend)
            results['img'] = [results['img'], second['img']]
        return results
