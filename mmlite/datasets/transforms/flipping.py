"""Flip the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

import numpy as np
import torch
from torch import Tensor

from ...errors import check_choice, check_fraction
from ...registry import TRANSFORMS
from .base import BaseTransform, rng_of
from .batch_transform import BatchTransform
from .batched_pixels import choose
from .geometry import flip, swap_flip

_AXES = {'horizontal': (-1,), 'vertical': (-2,), 'diagonal': (-2, -1)}
_DIRECTIONS = tuple(_AXES)
_32_BITS = 0xFFFFFFFF

Indices = TypeVar('Indices', int, np.ndarray, Tensor)


@TRANSFORMS.register_module()
class RandomFlip(BaseTransform):
    """Flip the sample with a probability.

    Adds ``flip`` (bool) and ``flip_direction`` (str, or None).

    Args:
        prob: Probability of a flip; with several directions each has an equal
            share of it. A list gives each direction its own.
        direction: ``'horizontal'`` (left-right), ``'vertical'`` (top-bottom) or
            ``'diagonal'`` (both), or several, one of which is drawn.

    Shape:
        img: ``(H, W, C)``, unchanged.

    Example:
        >>> flip = TRANSFORMS.build(dict(type='RandomFlip', prob=1.0))
        >>> flip(dict(img=np.uint8([[1, 2, 3]])))['img']
        array([[3, 2, 1]], dtype=uint8)
    """

    former_arguments: ClassVar = {'flip_prob': 'prob'}

    def __init__(
        self,
        prob: float | Sequence[float],
        direction: str | Sequence[str] = 'horizontal',
    ) -> None:
        directions = [direction] if isinstance(direction, str) else list(direction)
        for name in directions:
            check_choice(_DIRECTIONS, direction=name)
        if isinstance(prob, (int, float)):
            shares = [prob / len(directions)] * len(directions)
        else:
            shares = list(prob)
        if len(shares) != len(directions):
            raise ValueError(
                f'prob has {len(shares)} entries for {len(directions)} directions'
            )
        if min(shares) < 0 or sum(shares) > 1 + 1e-9:
            raise ValueError(
                f'probabilities must lie in [0, 1] and sum up to 1, got {prob}'
            )
        self.prob = prob
        self.direction = direction
        self._shares = list(zip(directions, shares, strict=True))

    def transform(self, results: dict) -> dict:
        """Flip the sample, or do not."""
        direction = self._draw(rng_of(results).random())
        results['flip'] = direction is not None
        results['flip_direction'] = direction
        if direction is not None:
            flip(results, direction)
        return results

    def batched(self) -> BatchRandomFlip:
        """The same for batches."""
        return BatchRandomFlip(self.prob, self.direction)

    def _draw(self, number: float) -> str | None:
        for direction, share in self._shares:
            if number < share:
                return direction
            number -= share
        return None


@TRANSFORMS.register_module()
class BatchRandomFlip(BatchTransform):
    """Flip each image with a probability.

    The batched version of :class:`RandomFlip`.

    Args:
        prob: Probability of a flip; with several directions each has an equal
            share of it. A list gives each direction its own.
        direction: As that of :class:`RandomFlip`.

    Shape:
        images: ``(B, C, H, W)``, unchanged.

    Example:
        >>> flip = TRANSFORMS.build(dict(type='BatchRandomFlip', prob=1.0))
        >>> flip(torch.tensor([[[[1, 2, 3]]]]))
        tensor([[[[3, 2, 1]]]])
    """

    def __init__(
        self,
        prob: float | Sequence[float],
        direction: str | Sequence[str] = 'horizontal',
    ) -> None:
        self._shares = RandomFlip(prob, direction)._shares  # which judges both
        self.prob = prob
        self.direction = direction

    def apply(self, images: Tensor, numbers: Tensor) -> Tensor:
        """Flip the images for which a direction is drawn."""
        number, end = numbers[:, 0], 0.0
        variants = [images]
        chosen = torch.zeros_like(number, dtype=torch.long)
        for direction, share in self._shares:
            begin, end = end, end + share
            chosen += ((number >= begin) & (number < end)) * len(variants)
            variants.append(images.flip(_AXES[direction]))
        return choose(variants, chosen)


@TRANSFORMS.register_module()
class SwapFlip(BaseTransform):
    """Mirror a stereo pair left-right with a probability, and swap its views.

    Mirrored alone, the left view would show what the right camera sees, so the views
    are swapped, and the disparity of the other view, ``gt_disparity_tgt``, is needed.
    Adds ``swap_flip`` (bool).

    Args:
        prob: Probability.

    Shape:
        ref_img, tgt_img: ``(H, W, C)``, unchanged.

    Raises:
        DataError: if a field, e.g. a disparity, is there of one view only.

    Example:
        >>> swap = TRANSFORMS.build(dict(type='SwapFlip', prob=1.0))
        >>> pair = dict(ref_img=np.uint8([[1, 2]]), tgt_img=np.uint8([[3, 4]]))
        >>> swap(pair)['ref_img']
        array([[4, 3]], dtype=uint8)
    """

    def __init__(self, prob: float = 0.5) -> None:
        check_fraction(prob=prob)
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Mirror the pair, or do not."""
        chosen = rng_of(results).random() < self.prob
        results['swap_flip'] = chosen
        if chosen:
            swap_flip(results)
        return results


@TRANSFORMS.register_module()
class AlternatingFlip(BaseTransform):
    """Mirror one half of the samples in one epoch, the other half in the next.

    Paper: 94% on CIFAR-10 in 3.29 Seconds on a Single GPU,
    https://arxiv.org/abs/2404.00498 (section 3.6).

    Two successive epochs show every image both ways, where a random flip shows
    half of the images the same way twice. Which half begins is drawn once, by a
    hash of the index. Adds ``flip`` (bool) and ``flip_direction`` (str, or None).

    Args:
        direction: ``'horizontal'``, ``'vertical'`` or ``'diagonal'`` (both).
        seed: Draws the halves.

    Shape:
        img: ``(H, W, C)``, unchanged.

    Example:
        >>> flip = TRANSFORMS.build(dict(type='AlternatingFlip'))
        >>> [flip(dict(img=np.uint8([[1, 2]]), sample_idx=5, epoch=epoch))['img']
        ...  for epoch in range(3)]
        [array([[1, 2]], dtype=uint8),
         array([[2, 1]], dtype=uint8),
         array([[1, 2]], dtype=uint8)]
    """

    def __init__(self, direction: str = 'horizontal', seed: int = 0) -> None:
        check_choice(_DIRECTIONS, direction=direction)
        self.direction = direction
        self.seed = seed

    def transform(self, results: dict) -> dict:
        """Flip the sample, if it is its turn."""
        index, epoch = results.get('sample_idx', 0), results.get('epoch', 0)
        turned = bool(is_turn(index, epoch, self.seed))
        results['flip'] = turned
        results['flip_direction'] = self.direction if turned else None
        if turned:
            flip(results, self.direction)
        return results

    def batched(self) -> BatchAlternatingFlip:
        """The same for batches."""
        return BatchAlternatingFlip(self.direction, self.seed)


class BatchAlternatingFlip(BatchTransform):
    """Mirror one half of the samples in one epoch, the other half in the next.

    The batched version of :class:`AlternatingFlip`, for the batches of a data loader,
    which knows the epoch.

    Args:
        direction: ``'horizontal'``, ``'vertical'`` or ``'diagonal'`` (both).
        seed: Draws the halves.

    Shape:
        images: ``(B, C, H, W)``, unchanged.
    """

    def __init__(self, direction: str = 'horizontal', seed: int = 0) -> None:
        self.direction = direction
        self.seed = seed

    def draw(
        self, indices: np.ndarray, seeds: np.ndarray, epoch: int | np.ndarray
    ) -> np.ndarray:
        """0 for samples whose turn it is, a half for the others."""
        turn = is_turn(indices.astype(np.int64), epoch, self.seed)
        return ((1 - turn) / 2).astype(np.float32)[:, None]

    def apply(self, images: Tensor, numbers: Tensor) -> Tensor:
        """Flip the images whose number is below a half."""
        flipped = images.flip(_AXES[self.direction])
        return choose([images, flipped], (numbers[:, 0] < 0.5).long())


def is_turn(index: Indices, epoch: int, seed: int = 0) -> Indices:
    """Whether it is the turn of a sample in an epoch: 1 if so, else 0.

    It is in every second epoch; a hash of the index says in which of two.

    Args:
        index: The index of a sample, or an int64 array or tensor of them.
        epoch: The epoch, counted from 0.
        seed: Draws another hash.

    Example:
        >>> is_turn(np.arange(8), epoch=0) + is_turn(np.arange(8), epoch=1)
        array([1, 1, 1, 1, 1, 1, 1, 1])
    """
    bits = index ^ (seed * 0x9E3779B1 & _32_BITS)
    for _ in range(2):
        bits = ((bits >> 16) ^ bits) * 0x45D9F3B & _32_BITS
    return ((bits >> 16) ^ bits) + epoch & 1
