"""Four pictures in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from ...errors import DataError
from ...registry import TRANSFORMS
from .base import BaseTransform, rng_of
from .field_base import CompanionField, FixedField
from .fields import BoxField
from .geometry import Window, crop, fields_of, image_size, resize
from .scales import as_scale

__all__ = ['Mosaic']


@TRANSFORMS.register_module()
class Mosaic(BaseTransform):
    """Put four pictures around a point, each cut off at the border.

    Paper: YOLOv4, https://arxiv.org/abs/2004.10934. The other three samples are those
    of ``mix_results``, which
    :class:`~mmlite.datasets.wrappers.MultiImageMixDataset` puts there. Each is resized
    to fit into ``img_scale``. What belongs to the whole picture is that of the first.

    Args:
        img_scale: ``(width, height)`` of a picture; the result has twice both.
        center_ratio_range: Where the point lies, as a factor on ``img_scale``.
        pad_val: Value where there is no picture.
        prob: Probability of doing so.

    Attributes:
        num_others: How many further samples it takes.

    Shape:
        img: ``(H, W, C)`` -> ``(2 * height, 2 * width, C)``.

    Raises:
        DataError: if the samples are not there, differ in channels, or have fields
            other than an image and boxes.

    Example:
        >>> mix = TRANSFORMS.build(dict(type='Mosaic', img_scale=(8, 8)))
        >>> sample = dict(img=np.ones((4, 4, 3), np.uint8),
        ...               gt_bboxes=np.array([[0, 0, 4, 4.]]),
        ...               gt_bboxes_labels=np.array([2]))
        >>> mixed = mix(dict(sample, mix_results=[dict(sample) for _ in range(3)]))
        >>> mixed['img'].shape, mixed['gt_bboxes_labels'].tolist()
        ((16, 16, 3), [2, 2, 2, 2])
    """

    num_others: ClassVar[int] = 3

    def __init__(
        self,
        img_scale: Sequence[int] = (640, 640),
        center_ratio_range: Sequence[float] = (0.5, 1.5),
        pad_val: float = 114,
        prob: float = 1.0,
    ) -> None:
        low, high = center_ratio_range
        if not 0 < low <= high < 2:
            raise ValueError(
                'center_ratio_range must be (min, max) within 0 and 2, got '
                f'{(low, high)}'
            )
        self.img_scale = as_scale(img_scale, 'img_scale')
        self.center_ratio_range = (low, high)
        self.pad_val = pad_val
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Mix the samples."""
        rng = rng_of(results)
        others = results.pop('mix_results', None)
        if rng.random() >= self.prob:
            return results
        if others is None or len(others) != self.num_others:
            raise DataError(
                f'Mosaic needs {self.num_others} further samples as mix_results; put '
                'the dataset into a MultiImageMixDataset, and this step into its '
                'pipeline'
            )
        width, height = self.img_scale
        x = int(width * rng.uniform(*self.center_ratio_range))
        y = int(height * rng.uniform(*self.center_ratio_range))
        samples = [results, *others]
        channels = {sample['img'].shape[2:] for sample in samples}
        if len(channels) > 1:
            raise DataError(f'Mosaic: pictures differ in channels: {sorted(channels)}')
        canvas = np.full(
            (2 * height, 2 * width, *channels.pop()), self.pad_val, results['img'].dtype
        )
        parts = []
        for place, sample in enumerate(samples):
            left, top = self._put(sample, place, (x, y))
            tall, wide = sample['img'].shape[:2]
            canvas[top : top + tall, left : left + wide] = sample['img']
            parts.append(_boxes_of(sample, (left, top)))
        names = dict.fromkeys(name for part in parts for name in part)
        for name in names:
            if not all(name in part for part in parts):
                raise DataError(
                    f'Mosaic: the field {name} is in some of the samples only; give '
                    'all datasets that are mixed the same annotations'
                )
            results[name] = np.concatenate([part[name] for part in parts])
        size = canvas.shape[:2]
        return results | dict(
            img=canvas, img_shape=size, ori_shape=size, scale_factor=(1.0, 1.0)
        )

    def _put(self, sample: dict, place: int, point: tuple[int, int]) -> tuple[int, int]:
        """Resize and cut a sample; where its upper left corner belongs."""
        width, height = image_size(sample)
        ratio = min(self.img_scale[0] / width, self.img_scale[1] / height)
        wide, tall = max(1, round(width * ratio)), max(1, round(height * ratio))
        resize(sample, (wide, tall))
        whole = [2 * side for side in self.img_scale]
        starts, lengths, corner = [], [], []
        for side, own, total, after in zip(
            point, (wide, tall), whole, (place % 2, place // 2), strict=True
        ):
            room = total - side if after else side
            kept = min(own, room)
            starts.append(0 if after else own - kept)
            lengths.append(kept)
            corner.append(side if after else side - kept)
        crop(sample, Window(*starts, *lengths))
        return tuple(corner)


def _boxes_of(sample: dict, corner: tuple[int, int]) -> dict[str, np.ndarray]:
    """Boxes at their place in the whole, and what belongs to them."""
    found = {}
    for name, field in fields_of(sample):
        if isinstance(field, BoxField):
            found[name] = sample[name] + np.array([*corner, *corner], np.float32)
        elif isinstance(field, CompanionField):
            found[name] = np.asarray(sample[name])
        elif not (name == 'img' and field.is_image or type(field) is FixedField):
            raise DataError(
                f'Mosaic: the field {name} cannot be mixed; it takes an image with '
                'boxes and what belongs to them'
            )
    return found
