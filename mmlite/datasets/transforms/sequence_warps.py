"""Random rotation and perspective of whole sequences, all frames alike."""

from __future__ import annotations

import random
from functools import partial

import cv2
import numpy as np

from ...errors import check_fraction
from ...registry import TRANSFORMS
from .base import BaseTransform, rng_of
from .geometry import image_size, images_alone, recolour, warp

__all__ = ['RandomPerspective', 'RandomRotate']


def _warped(matrix: np.ndarray, frame: np.ndarray) -> np.ndarray:
    size = frame.shape[1], frame.shape[0]
    return cv2.warpPerspective(frame, matrix, size).reshape(frame.shape)


@TRANSFORMS.register_module()
class RandomRotate(BaseTransform):
    """Rotate a sample by one random angle about its centre, all frames alike.

    OpenGait turns about (height / 2, width / 2), which is off the centre of frames that
    are not square; here it is the centre.

    Args:
        prob: Probability.
        degree: Largest angle, in either direction.
        pad_val: Value of the pixels that come in.
        interpolation: How pixels are read between others.

    Example:
        >>> turn = TRANSFORMS.build(dict(type='RandomRotate', prob=1.0, degree=10))
        >>> turn(dict(sils=np.ones((3, 64, 44), np.uint8)))['sils'].shape
        (3, 64, 44)
    """

    def __init__(
        self,
        prob: float = 0.5,
        degree: float = 10,
        pad_val: float = 0,
        interpolation: str = 'bilinear',
    ) -> None:
        check_fraction(prob=prob)
        self.prob = prob
        self.degree = degree
        self.pad_val = pad_val
        self.interpolation = interpolation

    def transform(self, results: dict) -> dict:
        """Turn all fields, or none."""
        rng = rng_of(results)
        if rng.random() < self.prob:
            angle = rng.uniform(-self.degree, self.degree)
            width, height = image_size(results)
            centre = (width - 1) / 2, (height - 1) / 2
            matrix = cv2.getRotationMatrix2D(centre, angle, 1.0)
            warp(results, matrix, self.pad_val, self.interpolation)
        return results


@TRANSFORMS.register_module()
class RandomPerspective(BaseTransform):
    """Move the corners of all frames of a sample sideways, as another camera would.

    Args:
        prob: Probability.
        shift: How far each of the four corners moves to the left or right at most, in
            pixels of a frame of 64 rows.

    Example:
        >>> tilt = TRANSFORMS.build(dict(type='RandomPerspective', prob=1.0))
        >>> tilt(dict(sils=np.ones((3, 64, 44), np.uint8)))['sils'].shape
        (3, 64, 44)
    """

    def __init__(self, prob: float = 0.5, shift: float = 10) -> None:
        check_fraction(prob=prob)
        self.prob = prob
        self.shift = shift

    def transform(self, results: dict) -> dict:
        """Tilt all frames, or none."""
        rng = rng_of(results)
        if rng.random() >= self.prob:
            return results
        images_alone(results, 'RandomPerspective')
        change = partial(_warped, self._matrix(rng, *image_size(results)))
        recolour(results, lambda: change)
        return results

    def _matrix(self, rng: random.Random, width: int, height: int) -> np.ndarray:
        far = self.shift * height / 64
        right, bottom = width - 1, height - 1
        corners = np.float32([[0, 0], [right, 0], [0, bottom], [right, bottom]])
        moved = corners.copy()
        # The upper and the lower edge each stay where they are, but are stretched.
        for row in (0, 2):
            moved[row, 0] += rng.uniform(-far, far)
            moved[row + 1, 0] += rng.uniform(-far, far)
        return cv2.getPerspectiveTransform(corners, moved)
