"""Random turns and tilts of whole sequences, all frames alike."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial

import cv2
import numpy as np

from ...errors import DataError
from ...registry import TRANSFORMS
from .base import BaseTransform, rng_of
from .fields import FixedField
from .geometry import fields_of, image_size, recolour

__all__ = ['RandomPerspective', 'RandomRotate']


class _RandomWarp(BaseTransform):
    """Base: move the pixels of all frames by one draw.

    Override:
        matrix: the map of pixels, ``(3, 3)``.
    """

    def __init__(self, prob: float) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob lies in [0, 1], got {prob}')
        self.prob = prob

    @abstractmethod
    def matrix(self, rng: object, width: int, height: int) -> np.ndarray:
        """Where a pixel goes."""

    def transform(self, results: dict) -> dict:
        """Move all frames, or none."""
        rng = rng_of(results)
        if rng.random() >= self.prob:
            return results
        for name, field in fields_of(results):
            if not (field.is_image or isinstance(field, FixedField)):
                raise DataError(
                    f'{type(self).__name__} moves images and sequences of them, not '
                    f'the field {name}; load it after this step, or leave it out'
                )
        matrix = self.matrix(rng, *image_size(results))
        change = partial(_warped, matrix)
        recolour(results, lambda: change)
        return results


def _warped(matrix: np.ndarray, frame: np.ndarray) -> np.ndarray:
    size = frame.shape[1], frame.shape[0]
    return cv2.warpPerspective(frame, matrix, size).reshape(frame.shape)


@TRANSFORMS.register_module()
class RandomRotate(_RandomWarp):
    """Turn all frames of a sample by one random angle about their centre.

    OpenGait turns about (height / 2, width / 2), which is off the centre of frames that
    are not square; here it is the centre.

    Args:
        prob: Probability.
        degree: Largest angle, in either direction.

    Example:
        >>> turn = TRANSFORMS.build(dict(type='RandomRotate', prob=1.0, degree=10))
        >>> turn(dict(sils=np.ones((3, 64, 44), np.uint8)))['sils'].shape
        (3, 64, 44)
    """

    def __init__(self, prob: float = 0.5, degree: float = 10) -> None:
        super().__init__(prob)
        self.degree = degree

    def matrix(self, rng: object, width: int, height: int) -> np.ndarray:
        """A rotation."""
        angle = rng.uniform(-self.degree, self.degree)
        centre = (width - 1) / 2, (height - 1) / 2
        turn = cv2.getRotationMatrix2D(centre, angle, 1.0)
        return np.vstack([turn, [0, 0, 1]])


@TRANSFORMS.register_module()
class RandomPerspective(_RandomWarp):
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
        super().__init__(prob)
        self.shift = shift

    def matrix(self, rng: object, width: int, height: int) -> np.ndarray:
        """A perspective map."""
        far = self.shift * height / 64
        right, bottom = width - 1, height - 1
        corners = np.float32([[0, 0], [right, 0], [0, bottom], [right, bottom]])
        moved = corners.copy()
        # The upper and the lower edge each stay where they are, but are stretched.
        for row in (0, 2):
            moved[row, 0] += rng.uniform(-far, far)
            moved[row + 1, 0] += rng.uniform(-far, far)
        return cv2.getPerspectiveTransform(corners, moved)
