"""Check that boxes were annotated for an image of the size that is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from logging import WARNING
from typing import Any

import numpy as np
from mmengine.logging import print_log

from ...errors import DataError
from .base import OR_SKIP

__all__ = ['SizeComparison']

#: How far a box may reach beyond an image by rounding, in pixels.
_ROUNDING = 1


class SizeComparison:
    """Compares the image of a sample with the ``width`` and ``height`` of its boxes.

    Boxes that reach beyond an image of another size are not of it, and are refused.
    Where all lie within, as in the few files of published data sets whose size is noted
    wrongly, the first image is named in a warning.

    Args:
        orientation_is_ignored: Whether the image is loaded as it is stored, not rotated
            by its EXIF orientation.

    Raises:
        DataError: if a box reaches beyond the image.

    Example:
        >>> sample = dict(img_path='a.jpg', width=640, height=480,
        ...     gt_bboxes=np.array([[300., 200., 400., 300.]]))
        >>> SizeComparison()(sample, (240, 320))
        Traceback (most recent call last):
        mmlite.errors.DataError: a.jpg has 320 x 240 pixels, but its boxes are ...
    """

    def __init__(self, orientation_is_ignored: bool = False) -> None:
        self.orientation_is_ignored = orientation_is_ignored
        self._has_warned = False

    def __call__(self, sample: Mapping[str, Any], shape: tuple[int, int]) -> None:
        """Compare; ``shape`` is the height and width that were loaded."""
        boxes = sample.get('gt_bboxes')
        noted = (sample.get('height'), sample.get('width'))
        if not isinstance(boxes, np.ndarray) or None in noted or noted == shape:
            return
        height, width = shape
        message = (
            f'{sample.get("img_path")} has {width} x {height} pixels, but its boxes '
            f'are annotated for {noted[1]} x {noted[0]}'
        )
        advice = 'scale them, or put the image there that was annotated'
        if noted == shape[::-1]:
            advice = self._about_orientation()
        ends = boxes.reshape(-1, 4)[:, 2:]
        if len(ends) and (ends > np.array([width, height]) + _ROUNDING).any():
            raise DataError(f'{message}, and reach beyond it; {advice}{OR_SKIP}')
        if not self._has_warned:
            self._has_warned = True
            message += f'; they are taken as they are. If they do not fit, {advice}'
            print_log(f'{message}. Others are not named', 'current', WARNING)

    def _about_orientation(self) -> str:
        if self.orientation_is_ignored:
            return (
                'and the boxes are those of the image rotated by its EXIF orientation, '
                "load it so (color_type='color')"
            )
        return (
            'and a camera has noted an EXIF orientation in the file, load it as it is '
            "stored (color_type='color_ignore_orientation')"
        )
