"""Operations of automatic augmentation: shear, translate, rotate."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np

from ...errors import check_choice
from ...registry import TRANSFORMS
from .geometry import image_size, warp
from .image_ops import Interpolation, check_channels, check_interpolation
from .operation import Operation

Direction = Literal['horizontal', 'vertical']


class _Warp(Operation):
    """Moves a sample by an affine map, within the size of its image."""

    signed = True

    def __init__(
        self,
        pad_val: float | Sequence[float],
        direction: Direction,
        interpolation: Interpolation,
        **kwargs: Any,
    ) -> None:
        check_choice(('horizontal', 'vertical'), direction=direction)
        check_interpolation(interpolation, 'cv2')
        self.pad_val = pad_val
        self._fill = pad_val
        self.direction = direction
        self.interpolation = interpolation
        super().__init__(**kwargs)

    def apply(self, results: dict, magnitude: float | None, rng: random.Random) -> None:
        """Move all fields."""
        if isinstance(results.get('img'), np.ndarray):
            check_channels(results['img'], 4, self)
        matrix = self._matrix(magnitude, *image_size(results))
        warp(results, np.asarray(matrix), self._fill, self.interpolation)

    def _matrix(self, magnitude: float, width: int, height: int) -> Any:
        raise NotImplementedError


@TRANSFORMS.register_module()
class Shear(_Warp):
    """Shift each line of the image in proportion to its place.

    Args:
        magnitude: Shift between neighbouring lines in pixels.
        pad_val: Value of the pixels that come in, one or one per channel.
        prob: Probability.
        direction: ``'horizontal'`` or ``'vertical'``.
        random_negative_prob: Probability that the magnitude is negated.
        interpolation: How pixels are read between others.
        kwargs: Arguments of :class:`Operation`.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, unchanged.

    Example:
        >>> step = TRANSFORMS.build(dict(
        ...     type='Shear', magnitude=1.0, prob=1.0, random_negative_prob=0.0,
        ...     pad_val=0, interpolation='nearest'))
        >>> step(dict(img=np.uint8([[1, 2], [1, 2]])))['img']
        array([[1, 2],
               [0, 1]], dtype=uint8)
    """

    def __init__(
        self,
        magnitude: float | None = None,
        pad_val: float | Sequence[float] = 128,
        prob: float = 0.5,
        direction: Direction = 'horizontal',
        random_negative_prob: float = 0.5,
        interpolation: Interpolation = 'bicubic',
        **kwargs: Any,
    ) -> None:
        self.magnitude = magnitude
        super().__init__(
            pad_val,
            direction,
            interpolation,
            prob=prob,
            random_negative_prob=random_negative_prob,
            **kwargs,
        )

    def _matrix(self, magnitude: float, width: int, height: int) -> Any:
        if self.direction == 'horizontal':
            return np.float32([[1, magnitude, 0], [0, 1, 0]])
        return np.float32([[1, 0, 0], [magnitude, 1, 0]])


@TRANSFORMS.register_module()
class Translate(_Warp):
    """Shift the image.

    Args:
        magnitude: Shift as a fraction of the width (height).
        pad_val: Value of the pixels that come in, one or one per channel.
        prob: Probability.
        direction: ``'horizontal'`` or ``'vertical'``.
        random_negative_prob: Probability that the magnitude is negated.
        interpolation: How pixels are read between others.
        kwargs: Arguments of :class:`Operation`.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, unchanged.
    """

    def __init__(
        self,
        magnitude: float | None = None,
        pad_val: float | Sequence[float] = 128,
        prob: float = 0.5,
        direction: Direction = 'horizontal',
        random_negative_prob: float = 0.5,
        interpolation: Interpolation = 'nearest',
        **kwargs: Any,
    ) -> None:
        self.magnitude = magnitude
        super().__init__(
            pad_val,
            direction,
            interpolation,
            prob=prob,
            random_negative_prob=random_negative_prob,
            **kwargs,
        )

    def _matrix(self, magnitude: float, width: int, height: int) -> Any:
        if self.direction == 'horizontal':
            return np.float32([[1, 0, magnitude * width], [0, 1, 0]])
        return np.float32([[1, 0, 0], [0, 1, magnitude * height]])


@TRANSFORMS.register_module()
class Rotate(_Warp):
    """Rotate the image.

    Args:
        angle: Degrees, clockwise.
        center: ``(x, y)`` to rotate about; the centre of the image if ``None``.
        scale: Factor on the size of what is seen.
        pad_val: Value of the pixels that come in, one per channel; one number is that
            of the first channel, the others are 0, as in mmpretrain.
        prob: Probability.
        random_negative_prob: Probability that the angle is negated.
        interpolation: How pixels are read between others.
        kwargs: Arguments of :class:`Operation`.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, unchanged.
    """

    magnitude_name = 'angle'

    def __init__(
        self,
        angle: float | None = None,
        center: Sequence[float] | None = None,
        scale: float = 1.0,
        pad_val: float | Sequence[float] = 128,
        prob: float = 0.5,
        random_negative_prob: float = 0.5,
        interpolation: Interpolation = 'nearest',
        **kwargs: Any,
    ) -> None:
        self.angle = angle
        self.center = center
        self.scale = scale
        super().__init__(
            pad_val,
            'horizontal',
            interpolation,
            prob=prob,
            random_negative_prob=random_negative_prob,
            **kwargs,
        )
        if isinstance(pad_val, (int, float)):
            self._fill = (pad_val, 0, 0, 0)

    def _matrix(self, magnitude: float, width: int, height: int) -> Any:
        center = self.center or ((width - 1) / 2, (height - 1) / 2)
        return cv2.getRotationMatrix2D(tuple(center), -magnitude, self.scale)
