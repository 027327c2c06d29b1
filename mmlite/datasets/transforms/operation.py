"""What the operations of automatic augmentation have in common."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from ...errors import DataError, check_fraction
from .base import BaseTransform, rng_of
from .geometry import recolour

__all__ = ['Operation', 'PixelOperation']


class Operation(BaseTransform):
    """One operation of :class:`RandAugment` or :class:`AutoAugment`.

    Its magnitude is fixed, or follows from a level: ``magnitude_range`` is what it is
    at level 0 and at ``total_level``.

    Override:
        apply: do it, with the magnitude that was drawn.

    Args:
        magnitude_level: The level.
        magnitude_range: ``(at level 0, at total_level)``; instead of a magnitude.
        magnitude_std: Standard deviation of the level, which then stays within 0 and
            ``total_level``; 0 or less: it is fixed; ``'inf'``: it is drawn
            evenly from 0 up to it.
        total_level: The highest level.
        prob: Probability of the operation.
        random_negative_prob: Probability that the magnitude is negated.

    Raises:
        ValueError: if an argument makes no sense.
    """

    #: The argument that is the magnitude, if there is one.
    magnitude_name: str | None = 'magnitude'
    signed = False

    def __init__(
        self,
        magnitude_level: float = 10,
        magnitude_range: Sequence[float] | None = None,
        magnitude_std: float | str = 0.0,
        total_level: float = 10,
        prob: float = 0.5,
        random_negative_prob: float = 0.5,
    ) -> None:
        check_fraction(prob=prob, random_negative_prob=random_negative_prob)
        if isinstance(magnitude_std, str) and magnitude_std != 'inf':
            raise ValueError(
                f"magnitude_std must be a number or 'inf', got {magnitude_std!r}"
            )
        self.magnitude_level = magnitude_level
        self.magnitude_range = magnitude_range
        self.magnitude_std = float(magnitude_std)
        self.total_level = total_level
        self.prob = prob
        self.random_negative_prob = random_negative_prob
        given = self.magnitude_name and getattr(self, self.magnitude_name)
        if self.magnitude_name and (given is None) == (magnitude_range is None):
            raise ValueError(
                f'set one of {self.magnitude_name} and magnitude_range, got '
                f'{self.magnitude_name}={given}, magnitude_range={magnitude_range}'
            )

    def transform(self, results: dict) -> dict:
        """Do it, or do not."""
        rng = rng_of(results)
        if rng.random() < self.prob:
            self.apply(results, self.draw_magnitude(rng), rng)
        return results

    def draw_magnitude(self, rng: random.Random) -> float | None:
        """The magnitude, negated or not; None if there is none."""
        if self.magnitude_name is None:
            return None
        magnitude = getattr(self, self.magnitude_name)
        if magnitude is None:
            magnitude = self._of_level(rng)
        if self.signed and rng.random() < self.random_negative_prob:
            return -magnitude
        return magnitude

    def _of_level(self, rng: random.Random) -> float:
        level = self.magnitude_level
        if self.magnitude_std == float('inf'):
            level = rng.uniform(0, level)
        elif self.magnitude_std > 0:
            level = rng.gauss(level, self.magnitude_std)
            level = min(max(level, 0), self.total_level)
        low, high = self.magnitude_range
        return level / self.total_level * (high - low) + low

    @abstractmethod
    def apply(self, results: dict, magnitude: float | None, rng: random.Random) -> None:
        """Change the sample.

        Args:
            results: The sample.
            magnitude: The magnitude, with its sign.
            rng: Draws what else is random.
        """


class PixelOperation(Operation):
    """An operation that changes the pixels of all images of a sample.

    Grey levels go from 0 to 255, so that images are uint8.

    Attributes:
        takes_floats: Whether they may be fractions as well.

    Override:
        change: an image in, an image out.

    Raises:
        DataError: if an image is of another type.
    """

    takes_floats: ClassVar[bool] = True

    def apply(self, results: dict, magnitude: float | None, rng: random.Random) -> None:
        """Change all images with the same magnitude."""
        recolour(results, lambda: lambda img: self._changed(img, magnitude))

    def _changed(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        if img.dtype != np.uint8 and not (self.takes_floats and img.dtype.kind == 'f'):
            also = ' or fractions' if self.takes_floats else ''
            raise DataError(
                f'{type(self).__name__} takes images of 8 bits{also}, got {img.dtype}; '
                "load them with color_type='color' and to_float32=False"
            )
        return self.change(img, magnitude)

    @abstractmethod
    def change(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        """Change the pixels of one image."""
