"""Blur an image by a Gaussian."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import check_at_least
from ...registry import TRANSFORMS
from .image_ops import check_channels
from .operation import PixelOperation


@TRANSFORMS.register_module()
class GaussianBlur(PixelOperation):
    """Blur the image, as Pillow does.

    Args:
        radius: Standard deviation of the blur in pixels.
        prob: Probability.
        kwargs: Arguments of :class:`Operation`.

    Shape:
        img: ``(H, W, 3)`` or ``(H, W)``, uint8, unchanged.
    """

    magnitude_name = 'radius'
    takes_floats = False

    def __init__(
        self, radius: float | None = None, prob: float = 0.5, **kwargs: Any
    ) -> None:
        check_at_least(0, radius=radius)
        self.radius = radius
        super().__init__(prob=prob, **kwargs)

    def change(self, img: np.ndarray, magnitude: float | None) -> np.ndarray:
        """Blur the pixels."""
        from PIL import Image, ImageFilter

        check_channels(img, 4, self)
        picture = Image.fromarray(img.squeeze(-1) if img.shape[2:] == (1,) else img)
        blurred = picture.filter(ImageFilter.GaussianBlur(magnitude))
        return np.asarray(blurred).reshape(img.shape)
