"""Elastic distortion."""

from __future__ import annotations

import random
from functools import partial

import cv2
import numpy as np

from ...errors import check_at_least, check_fraction
from ...registry import TRANSFORMS
from .base import BaseTransform, rng_of
from .geometry import image_size, images_alone, recolour

__all__ = ['ElasticDistortion']


@TRANSFORMS.register_module()
class ElasticDistortion(BaseTransform):
    """Elastic distortion: move the points of a grid, and the image smoothly with them.

    Paper: Best Practices for Convolutional Neural Networks Applied to Visual Document
    Analysis, ICDAR 2003, which smooths a random shift of every pixel instead.

    Args:
        std: Standard deviation of the shifts, as a share of the sides of the image.
        grid: Number of points in a row and in a column; the fewer, the smoother.
        prob: Probability.
        pad_val: Value of the pixels that come in.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, unchanged.

    Raises:
        ValueError: if a number is out of range.
        DataError: if the sample has boxes or maps, which cannot follow.

    Example:
        >>> step = TRANSFORMS.build(dict(type='ElasticDistortion', std=0.05))
        >>> step(dict(img=np.ones((16, 16, 3), np.uint8)))['img'].shape
        (16, 16, 3)
    """

    def __init__(
        self, std: float = 0.04, grid: int = 4, prob: float = 1.0, pad_val: float = 0
    ) -> None:
        check_at_least(0, std=std)
        check_at_least(2, grid=grid)
        check_fraction(prob=prob)
        self.std = std
        self.grid = grid
        self.prob = prob
        self.pad_val = pad_val

    def transform(self, results: dict) -> dict:
        """Distort all images alike, or none."""
        rng = rng_of(results)
        if rng.random() < self.prob:
            images_alone(results, type(self).__name__)
            maps = self._maps(rng, *image_size(results))
            recolour(results, lambda: partial(_moved, maps, self.pad_val))
        return results

    def _maps(self, rng: random.Random, width: int, height: int) -> np.ndarray:
        """Where each pixel is read, ``(H, W, 2)``."""
        draws = [rng.gauss(0, self.std) for _ in range(2 * self.grid**2)]
        shifts = np.float32(draws).reshape(self.grid, self.grid, 2)
        shifts = cv2.resize(shifts, (width, height), interpolation=cv2.INTER_CUBIC)
        places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
        return np.float32(places + shifts * (width, height))


def _moved(maps: np.ndarray, pad_val: float, img: np.ndarray) -> np.ndarray:
    border = (pad_val,) * 4
    found = cv2.remap(img, maps, None, cv2.INTER_LINEAR, borderValue=border)
    return found.reshape(img.shape)
