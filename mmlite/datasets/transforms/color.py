"""Change the colours of the image; the geometry stays.

Colour images are taken to be BGR, as ``LoadImageFromFile`` gives them: that
matters for what counts as grey (luma = 0.299 R + 0.587 G + 0.114 B).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar, Literal

import cv2
import numpy as np

from ...errors import DataError, check_at_least, check_fraction
from ...registry import TRANSFORMS
from ...structures.channel_statistics import check_statistics
from .base import BaseTransform, rng_of
from .geometry import recolour
from .image_ops import Backend, check_channels, per_channel
from .jitter import JITTERS, Jitter


def _is_grey(img: np.ndarray) -> bool:
    return img.ndim == 2 or img.shape[2] == 1


def _colours_of(img: np.ndarray) -> np.ndarray:
    """The image without its alpha channel.

    Raises:
        DataError: if it is neither grey, BGR nor BGRA.
    """
    if img.ndim == 2 or img.shape[2] in (1, 3):
        return img
    if img.shape[2] == 4:
        return np.ascontiguousarray(img[..., :3])
    raise DataError(
        f'ColorJitter takes images that are grey, BGR or BGRA, got {img.shape[2]} '
        'channels; remove it from the pipeline'
    )


def _with_alpha_of(img: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Changed colours with the alpha channel that the image had, if any."""
    if img.ndim == 2 or img.shape[2] != 4:
        return colours
    return np.concatenate([colours, img[..., 3:]], axis=2)


@TRANSFORMS.register_module()
class ColorJitter(BaseTransform):
    """Change brightness, contrast, saturation and hue by random amounts.

    With a factor ``f`` an image becomes ``f * image + (1 - f) * other``, where
    the other one is black (brightness), its own mean grey (contrast) or itself
    in grey (saturation). The four are applied in random order.

    Args:
        brightness: The factor is drawn from ``[max(0, 1 - x), 1 + x]``, or from
            a given ``(min, max)``.
        contrast: Same.
        saturation: Same.
        hue: The turn of the colour wheel is drawn from ``[-x, x]``, at most half
            a turn, or from a given ``(min, max)``.
        backend: Whose arithmetic: ``'pillow'`` or ``'cv2'``, which round in other
            ways; neither needs the library to be there.
        asymmetric_prob: Probability that each image of the sample, e.g. each view of
            a stereo pair, has a draw of its own, instead of one for all.

    Shape:
        img: ``(H, W, 3)`` BGR, ``(H, W, 4)`` BGRA, whose alpha stays, or ``(H, W)``;
            uint8.

    Example:
        >>> jitter = TRANSFORMS.build(dict(type='ColorJitter', brightness=(2, 2)))
        >>> jitter(dict(img=np.uint8([[10, 200]])))['img']
        array([[ 20, 255]], dtype=uint8)
    """

    def __init__(
        self,
        brightness: float | Sequence[float] = 0.0,
        contrast: float | Sequence[float] = 0.0,
        saturation: float | Sequence[float] = 0.0,
        hue: float | Sequence[float] = 0.0,
        backend: Backend = 'pillow',
        asymmetric_prob: float = 0.0,
    ) -> None:
        check_fraction(asymmetric_prob=asymmetric_prob)
        self.brightness = _range('brightness', brightness)
        self.contrast = _range('contrast', contrast)
        self.saturation = _range('saturation', saturation)
        self.hue = _range('hue', hue, centre=0, low=-0.5, high=0.5)
        self.backend = backend
        self.asymmetric_prob = asymmetric_prob
        spans = (self.brightness, self.contrast, self.saturation, self.hue)
        self._steps = [
            (step, span)
            for step, span in zip(JITTERS[backend], spans, strict=True)
            if span is not None
        ]

    def transform(self, results: dict) -> dict:
        """Jitter the image."""
        rng = rng_of(results)
        prob = self.asymmetric_prob
        recolour(results, lambda: self._draw(rng), bool(prob) and rng.random() < prob)
        return results

    def _draw(self, rng: random.Random) -> Callable[[np.ndarray], np.ndarray]:
        drawn = rng.sample(self._steps, len(self._steps))
        return partial(_jittered, [(step, rng.uniform(*span)) for step, span in drawn])


def _jittered(steps: Sequence[tuple[Jitter, float]], img: np.ndarray) -> np.ndarray:
    if img.dtype != np.uint8:
        raise DataError(
            f'ColorJitter takes uint8 images, got {img.dtype}; put it before '
            'Normalize, and leave to_float32=False'
        )
    colours = _colours_of(img)
    for step, factor in steps:
        colours = step(colours, factor)
    return _with_alpha_of(img, colours)


def _range(
    name: str,
    value: float | Sequence[float],
    centre: float = 1,
    low: float = 0,
    high: float = float('inf'),
) -> tuple[float, float] | None:
    if isinstance(value, (int, float)):
        check_at_least(0, **{name: value})
        value = (max(low, centre - value), min(high, centre + value))
    first, last = value
    if not low <= first <= last <= high:
        raise ValueError(
            f'{name} must be (min, max) within [{low}, {high}], got {tuple(value)}'
        )
    return None if first == last == centre else (first, last)


@TRANSFORMS.register_module()
class RandomGrayscale(BaseTransform):
    """Convert the image to greyscale with a probability.

    Args:
        prob: Probability.
        keep_channels: Whether a grey image keeps its number of channels.
        channel_weights: Share of each channel in the grey, in the order of the
            image; they are divided by their sum.
        color_format: What the image is: ``'bgr'`` or ``'rgb'``, which are alike
            here, or ``'hsv'``, which is turned to BGR first.

    Shape:
        img: ``(H, W, C)`` -> ``(H, W)``, or ``(H, W, C)`` if the channels are
            kept. Fractions of grey levels are cut off, as in mmpretrain.

    Example:
        >>> grey = TRANSFORMS.build(dict(type='RandomGrayscale', prob=1.0))
        >>> grey(dict(img=np.uint8([[[0, 30, 62]]])))['img']
        array([[30]], dtype=uint8)
    """

    former_arguments: ClassVar = {'gray_prob': 'prob'}

    def __init__(
        self,
        prob: float = 0.1,
        keep_channels: bool = False,
        channel_weights: Sequence[float] = (1.0, 1.0, 1.0),
        color_format: Literal['bgr', 'rgb', 'hsv'] = 'bgr',
    ) -> None:
        check_fraction(prob=prob)
        self.prob = prob
        self.keep_channels = keep_channels
        self.channel_weights = tuple(channel_weights)
        self.color_format = color_format

    def transform(self, results: dict) -> dict:
        """Turn the image grey, or do not."""
        if rng_of(results).random() >= self.prob:
            return results
        recolour(results, lambda: self._grey)
        return results

    def _grey(self, img: np.ndarray) -> np.ndarray:
        if _is_grey(img):
            return img
        shares = per_channel(self.channel_weights, img, self, 'channel_weights')
        shares = np.broadcast_to(shares, img.shape[2])
        if self.color_format == 'hsv':
            img = cv2.cvtColor(img, cv2.COLOR_HSV2BGR)
        grey = np.zeros(img.shape[:2])
        for channel, share in enumerate(shares / sum(shares)):
            grey += np.multiply(img[..., channel], share, dtype=np.float64)
        grey = grey.astype(img.dtype)
        return cv2.merge([grey] * img.shape[2]) if self.keep_channels else grey


@TRANSFORMS.register_module()
class Normalize(BaseTransform):
    """Subtract a mean and divide by a standard deviation, per channel.

    The data preprocessor does the same for a whole batch on the device, which
    is faster; this one is for pipelines that need it earlier.

    Args:
        mean: Mean of each channel, in grey levels, of the channels as they are
            after ``to_rgb``.
        std: Standard deviation of each channel.
        to_rgb: Whether to swap BGR to RGB (or back) first.

    Shape:
        img: ``(H, W, C)``; becomes float32.

    Example:
        >>> cfg = dict(type='Normalize', mean=[3.0], std=[2.0], to_rgb=False)
        >>> TRANSFORMS.build(cfg)(dict(img=np.uint8([[[5]]])))['img']
        array([[[1.]]], dtype=float32)
    """

    is_random = False

    def __init__(
        self, mean: Sequence[float], std: Sequence[float], to_rgb: bool = True
    ) -> None:
        check_statistics(mean, std)
        self.mean = np.asarray(mean, np.float32)
        self.std = np.asarray(std, np.float32)
        self.to_rgb = to_rgb

    def transform(self, results: dict) -> dict:
        """Normalise the image."""
        recolour(results, lambda: self._normalised)
        results['img_norm_cfg'] = dict(mean=self.mean, std=self.std, to_rgb=self.to_rgb)
        return results

    def _normalised(self, img: np.ndarray) -> np.ndarray:
        if self.to_rgb and not _is_grey(img):
            img = img[..., ::-1]
        mean = per_channel(self.mean, img, self, 'mean and std')
        return (img - mean) / self.std


@TRANSFORMS.register_module()
class Lighting(BaseTransform):
    """Add a random colour along the principal axes of the colours of a data set.

    Paper: ImageNet Classification with Deep Convolutional Neural Networks, NeurIPS
    2012 (section 4.1). Differs from mmpretrain in that grey levels are cut off at 0
    and 255, instead of beginning anew.

    Args:
        eigval: Eigenvalues of the covariance of the colours, of 0 to 255.
        eigvec: Its eigenvectors, one a column.
        alphastd: Standard deviation of the factors.
        to_rgb: Whether to turn BGR to RGB first.

    Shape:
        img: ``(H, W, 3)``, unchanged.

    Raises:
        ValueError: if the eigenvalues and eigenvectors do not fit.

    Example:
        >>> step = TRANSFORMS.build(dict(
        ...     type='Lighting', eigval=[1.0, 1.0, 1.0], eigvec=np.eye(3).tolist(),
        ...     alphastd=0.0))
        >>> step(dict(img=np.full((1, 1, 3), 7, np.uint8)))['img'].tolist()
        [[[7, 7, 7]]]
    """

    def __init__(
        self,
        eigval: Sequence[float],
        eigvec: Sequence[Sequence[float]],
        alphastd: float = 0.1,
        to_rgb: bool = False,
    ) -> None:
        if np.shape(eigvec) != (3, 3) or np.shape(eigval) != (3,):
            raise ValueError(
                'eigval has 3 values and eigvec 3x3, got '
                f'{np.shape(eigval)} and {np.shape(eigvec)}'
            )
        self.eigval = np.asarray(eigval, np.float64)
        self.eigvec = np.asarray(eigvec, np.float64)
        self.alphastd = alphastd
        self.to_rgb = to_rgb

    def transform(self, results: dict) -> dict:
        """Add a colour to all images."""
        rng = rng_of(results)
        alpha = np.array([rng.gauss(0, self.alphastd) for _ in range(3)])
        colour = self.eigvec @ (alpha * self.eigval)
        recolour(results, lambda: partial(self._lit, colour))
        return results

    def _lit(self, colour: np.ndarray, img: np.ndarray) -> np.ndarray:
        check_channels(img, 3, self)
        if _is_grey(img):
            colour = colour.mean()
        elif self.to_rgb:
            img = img[..., ::-1]
        lit = img + colour
        if img.dtype == np.uint8:
            lit = lit.clip(0, 255)
        return lit.astype(img.dtype)
