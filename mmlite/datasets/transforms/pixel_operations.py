"""Operations of automatic augmentation that change pixels where they are.

Paper: AutoAugment: Learning Augmentation Policies from Data, CVPR 2019,
https://arxiv.org/abs/1805.09501 (appendix). Images are uint8, BGR or grey.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np

from ...registry import TRANSFORMS
from .geometry import Window, image_size, recolour
from .image_ops import check_channels
from .operation import PixelOperation

_LEVELS = np.arange(256)
_SMOOTH = np.float32([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13


def _is_grey(img: np.ndarray) -> bool:
    return img.ndim == 2 or img.shape[2] == 1


def _blend(img: np.ndarray, other: np.ndarray, factor: float) -> np.ndarray:
    """``factor * img + (1 - factor) * other``, cut off at whole grey levels."""
    mixed = cv2.addWeighted(
        img.astype(np.float32), factor, other.astype(np.float32), 1 - factor, 0
    )
    return mixed.clip(0, 255).astype(img.dtype).reshape(img.shape)


def _by_channel(img: np.ndarray, table_of: Any) -> np.ndarray:
    """Each channel through a table that is made of its histogram."""
    planes = img[..., None] if img.ndim == 2 else img
    out = np.empty_like(planes)
    for c in range(planes.shape[2]):
        counts = np.bincount(planes[..., c].ravel(), minlength=256)
        out[..., c] = table_of(counts)[planes[..., c]]
    return out.reshape(img.shape)


class _WithoutMagnitude(PixelOperation):
    """Does one thing, or does not."""

    magnitude_name = None

    def __init__(self, prob: float = 0.5, **kwargs: Any) -> None:
        super().__init__(prob=prob, **kwargs)


@TRANSFORMS.register_module()
class AutoContrast(_WithoutMagnitude):
    """Stretch each channel so that it goes from 0 to 255.

    Args:
        prob: Probability.
        kwargs: Accepted as those of :class:`Operation`; there is no magnitude.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, uint8, unchanged.

    Example:
        >>> step = TRANSFORMS.build(dict(type='AutoContrast', prob=1.0))
        >>> step(dict(img=np.uint8([[50, 60, 70]])))['img']
        array([[  0, 127, 255]], dtype=uint8)
    """

    takes_floats = False

    def change(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        """Stretch the channels."""
        return _by_channel(img, self._table)

    @staticmethod
    def _table(counts: np.ndarray) -> np.ndarray:
        used = np.flatnonzero(counts)
        low, high = used[0], used[-1]
        if low >= high:
            return _LEVELS.astype(np.uint8)
        scale = 255.0 / (high - low)
        return (_LEVELS * scale - low * scale).clip(0, 255).astype(np.uint8)


@TRANSFORMS.register_module()
class Invert(_WithoutMagnitude):
    """Turn black to white.

    Args:
        prob: Probability.
        kwargs: Accepted as those of :class:`Operation`; there is no magnitude.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, uint8, unchanged.
    """

    def change(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        """Invert the pixels."""
        return 255 - img


@TRANSFORMS.register_module()
class Equalize(_WithoutMagnitude):
    """Make all grey levels of a channel equally frequent.

    Args:
        prob: Probability.
        kwargs: Accepted as those of :class:`Operation`; there is no magnitude.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, uint8, unchanged.
    """

    takes_floats = False

    def change(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        """Equalise the channels."""
        return _by_channel(img, self._table)

    @staticmethod
    def _table(counts: np.ndarray) -> np.ndarray:
        used = counts[counts > 0]
        step = (used.sum() - used[-1]) // 255
        if step == 0:
            return _LEVELS.astype(np.uint8)
        table = (np.cumsum(counts) + step // 2) // step
        return np.concatenate([[0], table[:-1]]).clip(0, 255).astype(np.uint8)


@TRANSFORMS.register_module()
class Solarize(PixelOperation):
    """Invert all pixels from a threshold on.

    Args:
        thr: The threshold.
        prob: Probability.
        kwargs: Arguments of :class:`Operation`.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, uint8, unchanged.

    Example:
        >>> step = TRANSFORMS.build(dict(type='Solarize', thr=128, prob=1.0))
        >>> step(dict(img=np.uint8([[100, 200]])))['img']
        array([[100,  55]], dtype=uint8)
    """

    magnitude_name = 'thr'

    def __init__(
        self, thr: float | None = None, prob: float = 0.5, **kwargs: Any
    ) -> None:
        self.thr = thr
        super().__init__(prob=prob, **kwargs)

    def change(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        """Invert the bright pixels."""
        return np.where(img < magnitude, img, 255 - img)


@TRANSFORMS.register_module()
class SolarizeAdd(PixelOperation):
    """Brighten all pixels below a threshold; white stays white.

    Args:
        magnitude: Grey levels to add.
        thr: The threshold.
        prob: Probability.
        kwargs: Arguments of :class:`Operation`.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, uint8, unchanged.
    """

    def __init__(
        self,
        magnitude: float | None = None,
        thr: float = 128,
        prob: float = 0.5,
        **kwargs: Any,
    ) -> None:
        if not isinstance(thr, (int, float)):
            raise ValueError(f'thr must be a number, got {thr!r}')
        self.magnitude = magnitude
        self.thr = thr
        super().__init__(prob=prob, **kwargs)

    def change(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        """Brighten the dark pixels."""
        brighter = (img + float(magnitude)).clip(0, 255).astype(img.dtype)
        return np.where(img < self.thr, brighter, img)


@TRANSFORMS.register_module()
class Posterize(PixelOperation):
    """Keep the first bits of each pixel.

    Args:
        bits: How many, up to 8; rounded up.
        prob: Probability.
        kwargs: Arguments of :class:`Operation`.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, uint8, unchanged.
    """

    takes_floats = False

    magnitude_name = 'bits'

    def __init__(
        self, bits: float | None = None, prob: float = 0.5, **kwargs: Any
    ) -> None:
        if bits is not None and not 0 <= bits <= 8:
            raise ValueError(f'bits must lie in [0, 8], got {bits}')
        self.bits = bits
        super().__init__(prob=prob, **kwargs)

    def change(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        """Drop the last bits."""
        bits = min(max(math.ceil(magnitude), 0), 8)
        return img & np.uint8(256 - (1 << (8 - bits)))


class _Factor(PixelOperation):
    """Mixes an image with another one, by ``1 + magnitude``."""

    signed = True

    def __init__(
        self,
        magnitude: float | None = None,
        prob: float = 0.5,
        random_negative_prob: float = 0.5,
        **kwargs: Any,
    ) -> None:
        self.magnitude = magnitude
        super().__init__(prob=prob, random_negative_prob=random_negative_prob, **kwargs)


@TRANSFORMS.register_module()
class ColorTransform(_Factor):
    """Make colours stronger, or weaker: mix the image with itself in grey.

    Args:
        magnitude: 0 keeps the image, -1 makes it grey.
        prob: Probability.
        random_negative_prob: Probability that the magnitude is negated.
        kwargs: Arguments of :class:`Operation`.

    Shape:
        img: ``(H, W, 3)`` BGR; grey images stay as they are.
    """

    def change(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        """Mix with grey."""
        check_channels(img, 3, self)
        if _is_grey(img):
            return img
        grey = cv2.cvtColor(cv2.cvtColor(img, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        return cv2.addWeighted(img, 1 + magnitude, grey, -magnitude, 0)


@TRANSFORMS.register_module()
class Contrast(_Factor):
    """Change the contrast: mix the image with its mean grey.

    Args:
        magnitude: 0 keeps the image, -1 makes it flat.
        prob: Probability.
        random_negative_prob: Probability that the magnitude is negated.
        kwargs: Arguments of :class:`Operation`.

    Shape:
        img: ``(H, W, 3)`` BGR or ``(H, W)``, uint8, unchanged.
    """

    def change(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        """Mix with the mean."""
        check_channels(img, 3, self)
        grey = img if _is_grey(img) else cv2.cvtColor(img, cv2.COLOR_BGR2GRAY)
        return _blend(img, np.full_like(img, round(grey.mean())), 1 + magnitude)


@TRANSFORMS.register_module()
class Brightness(_Factor):
    """Change the brightness: mix the image with black.

    Args:
        magnitude: 0 keeps the image, -1 makes it black.
        prob: Probability.
        random_negative_prob: Probability that the magnitude is negated.
        kwargs: Arguments of :class:`Operation`.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, uint8, unchanged.
    """

    def change(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        """Mix with black."""
        return _blend(img, np.zeros_like(img), 1 + magnitude)


@TRANSFORMS.register_module()
class Sharpness(_Factor):
    """Sharpen, or soften: mix the image with itself smoothed.

    Args:
        magnitude: 0 keeps the image, -1 smooths it.
        prob: Probability.
        random_negative_prob: Probability that the magnitude is negated.
        kwargs: Arguments of :class:`Operation`.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, uint8, unchanged.
    """

    def change(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        """Mix with the smoothed image."""
        smooth = cv2.filter2D(img, -1, _SMOOTH).reshape(img.shape)
        return _blend(img, smooth, 1 + magnitude)


@TRANSFORMS.register_module()
class Cutout(PixelOperation):
    """Fill a rectangle at a random place, cut off at the border.

    Paper: Improved Regularization of Convolutional Neural Networks with Cutout,
    https://arxiv.org/abs/1708.04552.

    Args:
        shape: ``(height, width)`` of the rectangle, or the edge of a square.
        pad_val: What it is filled with, one value or one per channel.
        prob: Probability.
        kwargs: Arguments of :class:`Operation`.

    Shape:
        img: ``(H, W, C)`` or ``(H, W)``, uint8, unchanged.
    """

    magnitude_name = 'shape'

    def __init__(
        self,
        shape: int | Sequence[int] | None = None,
        pad_val: float | Sequence[float] = 128,
        prob: float = 0.5,
        **kwargs: Any,
    ) -> None:
        self.shape = shape
        self.pad_val = pad_val
        super().__init__(prob=prob, **kwargs)

    def apply(self, results: dict, magnitude: Any, rng: random.Random) -> None:
        """Fill the same rectangle in all images."""
        single = isinstance(magnitude, (int, float))
        height, width = (int(magnitude),) * 2 if single else magnitude
        columns, rows = image_size(results)
        y, x = rng.uniform(0, rows), rng.uniform(0, columns)
        top, left = int(max(0, y - height / 2)), int(max(0, x - width / 2))
        window = Window(left, top, width, height)
        recolour(results, lambda: partial(self._filled, window))

    def _filled(self, window: Window, img: np.ndarray) -> np.ndarray:
        x, y, width, height = window
        img = img.copy()
        colour = np.asarray(self.pad_val)
        if _is_grey(img):
            colour = colour.ravel()[0]
        img[y : y + height, x : x + width] = colour
        return img

    def change(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        """Nothing to do: ``apply`` knows the place."""
        return img
