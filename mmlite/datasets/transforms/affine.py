"""Rotate, scale, shear and shift a sample at once."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from ...errors import check_at_least, check_fraction
from ...registry import TRANSFORMS
from .base import BaseTransform, rng_of
from .geometry import image_size, warp
from .image_ops import Interpolation, check_interpolation

__all__ = ['RandomAffine']


@TRANSFORMS.register_module()
class RandomAffine(BaseTransform):
    """Move a sample by one random affine map, so that pixels are mixed only once.

    The arguments are those of mmdetection's, whose image turns about its upper left
    corner; here it turns, grows and is sheared about its centre.

    Args:
        max_rotate_degree: Largest angle, in either direction.
        max_translate_ratio: Largest shift along each axis, as a share of that side.
        scaling_ratio_range: ``(min, max)`` of the factor.
        max_shear_degree: Largest angle by which each axis leans.
        prob: Probability.
        pad_val: Value of the pixels that come in, one or one per channel.
        interpolation: How pixels are read between others.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, unchanged.

    Raises:
        ValueError: if a number is out of range.

    Example:
        >>> step = TRANSFORMS.build(dict(
        ...     type='RandomAffine', max_rotate_degree=0, max_translate_ratio=0,
        ...     scaling_ratio_range=(3, 3), max_shear_degree=0,
        ...     interpolation='nearest'))
        >>> step(dict(img=np.uint8([[1, 2, 3], [4, 5, 6], [7, 8, 9]])))['img']
        array([[5, 5, 5],
               [5, 5, 5],
               [5, 5, 5]], dtype=uint8)
    """

    def __init__(
        self,
        max_rotate_degree: float = 10.0,
        max_translate_ratio: float = 0.1,
        scaling_ratio_range: Sequence[float] = (0.5, 1.5),
        max_shear_degree: float = 2.0,
        prob: float = 1.0,
        pad_val: float | Sequence[float] = 114,
        interpolation: Interpolation = 'bilinear',
    ) -> None:
        check_fraction(prob=prob, max_translate_ratio=max_translate_ratio)
        low, high = scaling_ratio_range
        if not 0 < low <= high:
            raise ValueError(
                'scaling_ratio_range must be (min, max) above 0, got '
                f'{scaling_ratio_range}'
            )
        check_at_least(0, max_rotate_degree=max_rotate_degree)
        if not 0 <= max_shear_degree < 90:
            raise ValueError(
                f'max_shear_degree must lie in [0, 90), got {max_shear_degree}'
            )
        check_interpolation(interpolation, 'cv2')
        self.max_rotate_degree = max_rotate_degree
        self.max_translate_ratio = max_translate_ratio
        self.scaling_ratio_range = (low, high)
        self.max_shear_degree = max_shear_degree
        self.prob = prob
        self.pad_val = pad_val
        self.interpolation = interpolation

    def transform(self, results: dict) -> dict:
        """Move all fields, or none."""
        rng = rng_of(results)
        if rng.random() < self.prob:
            matrix = self._matrix(rng, *image_size(results))
            warp(results, matrix, self.pad_val, self.interpolation)
        return results

    def _matrix(self, rng: random.Random, width: int, height: int) -> np.ndarray:
        """Where a pixel goes, ``(2, 3)``."""
        turn, far = self.max_rotate_degree, self.max_translate_ratio
        angle = np.deg2rad(rng.uniform(-turn, turn))
        scale = rng.uniform(*self.scaling_ratio_range)
        lean = [rng.uniform(-1, 1) * self.max_shear_degree for _ in range(2)]
        lean_x, lean_y = np.tan(np.deg2rad(lean))
        shift = [rng.uniform(-far, far) * side for side in (width, height)]
        cos, sin = scale * np.cos(angle), scale * np.sin(angle)
        linear = np.array([[1, lean_x], [lean_y, 1]]) @ [[cos, -sin], [sin, cos]]
        centre = np.array([width - 1, height - 1]) / 2
        offset = centre + shift - linear @ centre
        return np.column_stack([linear, offset])
