"""Brightness, contrast, saturation and hue, as Pillow and as OpenCV change them.

The two round in other ways. Images are grey, or BGR of uint8.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

__all__ = ['JITTERS', 'Jitter']

Jitter = Callable[[np.ndarray, float], np.ndarray]
_LEVELS = np.arange(256, dtype=np.float32)
_SIXTHS = np.arange(256) * 6 // 255 % 6  # of the colour wheel
# Shares of blue, green and red in Pillow's grey: exact in float32.
_LUMA = np.float32([[7471, 38470, 19595]]) / 65536


def _is_grey(img: np.ndarray) -> bool:
    return img.ndim == 2 or img.shape[2] == 1


def _luma_of_pillow(img: np.ndarray) -> np.ndarray:
    if _is_grey(img):
        return img
    return (cv2.transform(img.astype(np.float32), _LUMA) + 0.5).astype(np.uint8)


def _luma_of_opencv(img: np.ndarray) -> np.ndarray:
    return img if _is_grey(img) else cv2.cvtColor(img, cv2.COLOR_BGR2GRAY)


def _blended(img: Any, other: Any, factor: float) -> np.ndarray:
    """``factor`` of the image and the rest of the other one, fractions cut off."""
    mixed, other = np.array(img, np.float32), np.asarray(other, np.float32)
    # In place: new memory for each step takes longer than the step.
    mixed -= other
    mixed *= np.float32(factor)
    mixed += other
    return mixed.clip(0, 255, out=mixed).astype(np.uint8)


def _through(img: np.ndarray, levels: np.ndarray) -> np.ndarray:
    return cv2.LUT(img, levels).reshape(img.shape)


def _brightness(img: np.ndarray, factor: float) -> np.ndarray:
    return _through(img, _blended(_LEVELS, 0, factor))


def _contrast_of_pillow(img: np.ndarray, factor: float) -> np.ndarray:
    mean = int(_luma_of_pillow(img).mean() + 0.5)
    return _through(img, _blended(_LEVELS, mean, factor))


def _contrast_of_opencv(img: np.ndarray, factor: float) -> np.ndarray:
    mean = np.full(256, round(_luma_of_opencv(img).mean()), np.float32)
    levels = cv2.addWeighted(_LEVELS, factor, mean, 1 - factor, 0).ravel()
    return _through(img, levels.clip(0, 255).astype(np.uint8))


def _saturation_of_pillow(img: np.ndarray, factor: float) -> np.ndarray:
    if _is_grey(img):
        return img
    # As many channels as the image: numpy is slow where it repeats the last axis.
    grey = cv2.cvtColor(_luma_of_pillow(img), cv2.COLOR_GRAY2BGR)
    return _blended(img, grey, factor)


def _saturation_of_opencv(img: np.ndarray, factor: float) -> np.ndarray:
    if _is_grey(img):
        return img
    grey = cv2.cvtColor(_luma_of_opencv(img), cv2.COLOR_GRAY2BGR)
    return cv2.addWeighted(img, factor, grey, 1 - factor, 0)


def _turned(hue: np.ndarray, turn: float) -> np.ndarray:
    return hue + np.uint8(int(turn * 255) % 256)  # uint8 goes round by itself


def _hue_of_opencv(img: np.ndarray, turn: float) -> np.ndarray:
    if _is_grey(img):
        return img
    hsv = cv2.cvtColor(img, cv2.COLOR_BGR2HSV_FULL)
    hsv[..., 0] = _turned(hsv[..., 0], turn)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL)


def _hue_of_pillow(img: np.ndarray, turn: float) -> np.ndarray:
    if _is_grey(img):
        return img
    channels = [np.ascontiguousarray(img[..., i]) for i in range(3)]
    most = np.maximum(np.maximum(*channels[:2]), channels[2])
    spread = most - np.minimum(np.minimum(*channels[:2]), channels[2])
    over = np.maximum(spread, 1).astype(np.float32)
    blue, green, red = ((most - channel) / over for channel in channels)
    # Single and double precision are those of Pillow.
    two, four = np.float64(2), np.float64(4)
    hue = np.where(channels[1] == most, two + red - blue, four + green - red)
    hue = np.float32(np.where(channels[2] == most, blue - green, hue))
    hue = np.float32(np.fmod(hue / np.float64(6) + 1, 1))
    hue = (hue * np.float64(255)).astype(np.uint8)
    saturation = spread / np.maximum(most, 1).astype(np.float32)
    saturation = (saturation * np.float64(255)).astype(np.uint8)
    return _bgr_of(_turned(hue, turn), saturation, most)


@functools.cache
def _shares() -> tuple[np.ndarray, ...]:
    """Shares of the value for each hue and saturation: low, falling and rising."""
    sixth = np.arange(256) * 6 / 255
    part = np.float32(sixth - np.floor(sixth))[:, None]
    saturation = np.float32(np.arange(256) / 255)
    low = np.broadcast_to(1 - saturation.astype(float), (256, 256))
    return low, 1 - (saturation * part).astype(float), 1 - saturation * (1.0 - part)


def _bgr_of(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray) -> np.ndarray:
    """The image of a hue, a saturation and a value, each of 0 to 255."""
    place = hue.astype(np.intp) * 256 + saturation
    low, falling, rising = (
        (share.ravel()[place] * value + 0.5).astype(np.uint8) for share in _shares()
    )
    sixth = _SIXTHS[hue]
    red = np.choose(sixth, [value, falling, low, low, rising, value])
    green = np.choose(sixth, [rising, value, value, falling, low, low])
    blue = np.choose(sixth, [low, low, rising, value, value, falling])
    return np.dstack([blue, green, red])


#: Each changes an image by a factor, or a turn of the colour wheel, in this order.
JITTERS: dict[str, tuple[Jitter, Jitter, Jitter, Jitter]] = {
    'pillow': (
        _brightness,
        _contrast_of_pillow,
        _saturation_of_pillow,
        _hue_of_pillow,
    ),
    'cv2': (_brightness, _contrast_of_opencv, _saturation_of_opencv, _hue_of_opencv),
}
