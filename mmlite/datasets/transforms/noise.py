"""Noise on all pixels of an image."""

from __future__ import annotations

from functools import partial

import numpy as np

from ...errors import check_at_least, check_fraction
from ...registry import TRANSFORMS
from .base import BaseTransform, rng_of
from .geometry import recolour

__all__ = ['GaussianNoise']


@TRANSFORMS.register_module()
class GaussianNoise(BaseTransform):
    """Add normal noise to each value of an image, the same in all images of a sample.

    Args:
        sigma: Standard deviation, as a share of 255.
        prob: Probability.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, with values from 0 to 255, where they stay;
            the type is kept.

    Raises:
        ValueError: if a number is out of range.

    Example:
        >>> step = TRANSFORMS.build(dict(type='GaussianNoise', sigma=0.1))
        >>> grey = np.full((64, 64), 128, np.uint8)
        >>> bool(20 < step(dict(img=grey))['img'].std() < 30)
        True
    """

    def __init__(self, sigma: float = 0.1, prob: float = 1.0) -> None:
        check_at_least(0, sigma=sigma)
        check_fraction(prob=prob)
        self.sigma = sigma
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Add noise, or none."""
        rng = rng_of(results)
        if rng.random() < self.prob:
            change = partial(_noisy, rng.getrandbits(64), 255 * self.sigma)
            recolour(results, lambda: change)
        return results


def _noisy(seed: int, std: float, img: np.ndarray) -> np.ndarray:
    draws = np.random.default_rng(seed).standard_normal(img.shape, np.float32)
    found = (img + std * draws).clip(0, 255)
    if np.issubdtype(img.dtype, np.integer):
        found = found.round()
    return found.astype(img.dtype)
