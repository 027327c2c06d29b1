"""Steps for pictures with boxes: crops that keep objects, borders, colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from ...errors import DataError
from ...registry import TRANSFORMS
from .base import BaseTransform, below, rng_of
from .geometry import Window, crop, image_size, keep_boxes, pad, recolour

__all__ = [
    'Expand',
    'FilterAnnotations',
    'MinIoURandomCrop',
    'PhotoMetricDistortion',
]

_ATTEMPTS = 50


@TRANSFORMS.register_module()
class MinIoURandomCrop(BaseTransform):
    """Cut out a window that overlaps every object in it by at least some amount.

    Paper: SSD: Single Shot MultiBox Detector, ECCV 2016,
    https://arxiv.org/abs/1512.02325 (section 2.2). The amount is drawn for each
    picture: no crop, one of ``min_ious``, or any window. Boxes whose centre is outside
    of the window are dropped, the others cut off. A picture without boxes takes the
    first window.

    Args:
        min_ious: Least intersection over union of the window and any box.
        min_crop_size: Least width and height of the window, as a fraction.

    Shape:
        img: ``(H, W, C)`` -> ``(height, width, C)``.

    Example:
        >>> crop = TRANSFORMS.build(dict(type='MinIoURandomCrop'))
        >>> sample = dict(img=np.zeros((40, 60, 3), np.uint8),
        ...               gt_bboxes=np.array([[0, 0, 60, 40.]]))
        >>> len(crop(sample)['gt_bboxes'])
        1
    """

    def __init__(
        self,
        min_ious: Sequence[float] = (0.1, 0.3, 0.5, 0.7, 0.9),
        min_crop_size: float = 0.3,
    ) -> None:
        if not 0 < min_crop_size <= 1:
            raise ValueError(f'min_crop_size must lie in (0, 1], got {min_crop_size}')
        self.min_ious = tuple(min_ious)
        self.min_crop_size = min_crop_size

    def transform(self, results: dict) -> dict:
        """Crop the sample."""
        rng = rng_of(results)
        width, height = image_size(results)
        boxes = np.asarray(results.get('gt_bboxes', ()), np.float64).reshape(-1, 4)
        modes = (None, *self.min_ious, 0.0)
        while True:
            least = modes[below(rng, len(modes))]
            if least is None:
                return results
            for _ in range(_ATTEMPTS):
                window = self._window(rng, width, height)
                inside = _centres_inside(boxes, window)
                if window is None or (len(boxes) and not inside.any()):
                    continue
                if len(boxes) and _overlaps(boxes, window).min() < least:
                    continue
                if len(boxes):
                    keep_boxes(results, 'gt_bboxes', inside)
                crop(results, window)
                return results

    def _window(self, rng: Any, width: int, height: int) -> Window | None:
        """A window that is at most twice as long as it is wide; None if it is not."""
        wide = int(rng.uniform(self.min_crop_size, 1) * width)
        high = int(rng.uniform(self.min_crop_size, 1) * height)
        if min(wide, high) < 1 or not 0.5 <= high / wide <= 2:
            return None
        x, y = below(rng, width - wide + 1), below(rng, height - high + 1)
        return Window(x, y, wide, high)


def _centres_inside(boxes: np.ndarray, window: Window | None) -> np.ndarray:
    if window is None:
        return np.zeros(len(boxes), bool)
    x, y, width, height = window
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 - (x, y)
    return ((centre > 0) & (centre < (width, height))).all(axis=1)


def _overlaps(boxes: np.ndarray, window: Window) -> np.ndarray:
    """Intersection over union of boxes and a window."""
    x, y, width, height = window
    low = np.maximum(boxes[:, :2], (x, y))
    high = np.minimum(boxes[:, 2:], (x + width, y + height))
    common = (high - low).clip(0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1)
    return common / (areas + width * height - common)


@TRANSFORMS.register_module()
class Expand(BaseTransform):
    """Put the picture somewhere on a larger one of one colour: objects become smaller.

    Paper: SSD: Single Shot MultiBox Detector, ECCV 2016,
    https://arxiv.org/abs/1512.02325 (section 3.6).

    Args:
        mean: The colour, one number or one per channel of the picture.
        ratio_range: How many times larger its sides are.
        prob: Probability of doing so.

    Shape:
        img: ``(H, W, C)`` -> ``(ratio * H, ratio * W, C)``.

    Example:
        >>> expand = TRANSFORMS.build(
        ...     dict(type='Expand', ratio_range=(2, 2), prob=1.0))
        >>> expand(dict(img=np.ones((4, 6), np.uint8)))['img'].shape
        (8, 12)
    """

    def __init__(
        self,
        mean: float | Sequence[float] = 0,
        ratio_range: Sequence[float] = (1, 4),
        prob: float = 0.5,
    ) -> None:
        low, high = ratio_range
        if not 1 <= low <= high:
            raise ValueError(
                f'ratio_range must be (min, max), each at least 1, got {ratio_range}'
            )
        self.mean = mean
        self.ratio_range = (low, high)
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Add the borders."""
        rng = rng_of(results)
        width, height = image_size(results)
        if rng.random() >= self.prob:
            return results
        ratio = rng.uniform(*self.ratio_range)
        across, down = int(width * ratio) - width, int(height * ratio) - height
        left, top = below(rng, across + 1), below(rng, down + 1)
        pad(results, (left, top, across - left, down - top), {'img': self.mean})
        return results


@TRANSFORMS.register_module()
class PhotoMetricDistortion(BaseTransform):
    """Change brightness, contrast, saturation, hue and the order of the channels.

    Paper: SSD: Single Shot MultiBox Detector, ECCV 2016,
    https://arxiv.org/abs/1512.02325. Each is done with probability 1/2, contrast before
    or behind saturation and hue, and all in float32, so that nothing is cut off in
    between. Grey pictures only change in brightness and contrast.

    Args:
        brightness_delta: What is added lies within plus or minus this.
        contrast_range: Factor of all channels.
        saturation_range: Factor of the saturation.
        hue_delta: Degrees by which the hue turns, at most.

    Shape:
        img: ``(H, W, 3)`` BGR or ``(H, W)``; uint8, or float32 from 0 to 255.

    Example:
        >>> distort = TRANSFORMS.build(dict(type='PhotoMetricDistortion'))
        >>> distort(dict(img=np.zeros((4, 6, 3), np.uint8)))['img'].dtype
        dtype('uint8')
    """

    def __init__(
        self,
        brightness_delta: float = 32,
        contrast_range: Sequence[float] = (0.5, 1.5),
        saturation_range: Sequence[float] = (0.5, 1.5),
        hue_delta: float = 18,
    ) -> None:
        self.brightness_delta = brightness_delta
        self.contrast_range = tuple(contrast_range)
        self.saturation_range = tuple(saturation_range)
        self.hue_delta = hue_delta

    def transform(self, results: dict) -> dict:
        """Change the images."""
        rng = rng_of(results)

        def drawn(low: float, high: float, neutral: float) -> float:
            return rng.uniform(low, high) if rng.random() < 0.5 else neutral

        def draw() -> Any:
            delta = self.brightness_delta
            shift = drawn(-delta, delta, 0)
            contrast = drawn(*self.contrast_range, 1)
            contrast_first = rng.random() < 0.5
            saturation = drawn(*self.saturation_range, 1)
            hue = drawn(-self.hue_delta, self.hue_delta, 0)
            order = list(range(3))
            if rng.random() < 0.5:
                rng.shuffle(order)

            def change(img: np.ndarray) -> np.ndarray:
                out = img.astype(np.float32) + np.float32(shift)
                if contrast_first:
                    out = out * np.float32(contrast)
                if img.ndim == 3 and img.shape[2] == 3:
                    out = _turned(out, saturation, hue)
                if not contrast_first:
                    out = out * np.float32(contrast)
                if img.ndim == 3 and img.shape[2] == 3:
                    out = out[..., order]
                if img.dtype == np.uint8:
                    out = out.round().clip(0, 255).astype(np.uint8)
                return np.ascontiguousarray(out)

            return change

        recolour(results, draw)
        return results


def _turned(img: np.ndarray, saturation: float, hue: float) -> np.ndarray:
    if saturation == 1 and hue == 0:
        return img
    hsv = cv2.cvtColor(img.clip(0), cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0] + np.float32(hue)) % 360
    hsv[..., 1] = (hsv[..., 1] * np.float32(saturation)).clip(0, 1)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)


@TRANSFORMS.register_module()
class FilterAnnotations(BaseTransform):
    """Leave out boxes that are too small, e.g. what a crop has left of them.

    Args:
        min_gt_bbox_wh: Least width and height of a box, in pixels.
        keep_empty: Whether a sample without boxes stays. If not, the dataset takes
            the next sample instead.

    Raises:
        DataError: if the sample has no boxes at all.

    Example:
        >>> keep = TRANSFORMS.build(
        ...     dict(type='FilterAnnotations', min_gt_bbox_wh=(2, 2)))
        >>> boxes = np.array([[0, 0, 9, 9.], [0, 0, 9, 1.]])
        >>> len(keep(dict(img=np.zeros((9, 9)), gt_bboxes=boxes))['gt_bboxes'])
        1
    """

    is_random = False

    def __init__(
        self, min_gt_bbox_wh: Sequence[float] = (1.0, 1.0), keep_empty: bool = True
    ) -> None:
        self.min_gt_bbox_wh = tuple(min_gt_bbox_wh)
        self.keep_empty = keep_empty

    def transform(self, results: dict) -> dict | None:
        """Leave the boxes out; None asks for another sample."""
        if 'gt_bboxes' not in results:
            raise DataError(
                f'FilterAnnotations: the sample has no gt_bboxes, it has '
                f'{sorted(results)}; use a dataset of boxes'
            )
        boxes = np.asarray(results['gt_bboxes']).reshape(-1, 4)
        sides = boxes[:, 2:] - boxes[:, :2]
        keep_boxes(results, 'gt_bboxes', (sides >= self.min_gt_bbox_wh).all(axis=1))
        return results if self.keep_empty or len(results['gt_bboxes']) else None
