"""Move the image by whole pixels."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import check_choice
from ...registry import TRANSFORMS
from .base import BaseTransform
from .geometry import Window, crop, image_size, pad
from .image_ops import PADDING_MODES, PaddingMode


@TRANSFORMS.register_module()
class Shift(BaseTransform):
    """Move the sample by whole pixels; what leaves the image is lost.

    Nothing is drawn: alternatives of it make the views of a test-time
    augmentation.

    Args:
        x: Pixels to the right; to the left if negative.
        y: Pixels down; up if negative.
        pad_val: Value of the pixels that come in, one or one per channel.
        padding_mode: ``'constant'``, ``'edge'``, ``'reflect'`` (the border pixel
            is not repeated) or ``'symmetric'`` (it is).

    Shape:
        img: ``(H, W, C)``, unchanged.

    Example:
        >>> shift = TRANSFORMS.build(dict(type='Shift', x=1))
        >>> shift(dict(img=np.uint8([[1, 2, 3]])))['img']
        array([[0, 1, 2]], dtype=uint8)
    """

    is_random = False

    def __init__(
        self,
        x: int = 0,
        y: int = 0,
        pad_val: float | Sequence[float] = 0,
        padding_mode: PaddingMode = 'constant',
    ) -> None:
        check_choice(PADDING_MODES, padding_mode=padding_mode)
        self.x = x
        self.y = y
        self.pad_val = pad_val
        self.padding_mode = padding_mode

    def transform(self, results: dict) -> dict:
        """Move the sample."""
        if not (self.x or self.y):
            return results
        width, height = image_size(results)
        left, top = max(self.x, 0), max(self.y, 0)
        right, bottom = left - self.x, top - self.y
        pad(
            results,
            (left, top, right, bottom),
            {'img': self.pad_val},
            self.padding_mode,
        )
        crop(results, Window(right, bottom, width, height))
        return results
