"""Overlay a heat map on a picture."""

from __future__ import annotations

import cv2
import numpy as np

from .image import as_rgb

__all__ = ['overlay_heat']


def overlay_heat(
    image: np.ndarray, heat: np.ndarray, strength: float = 0.5
) -> np.ndarray:
    """Lay a map over a picture, blue where it is small and red where it is large.

    Args:
        image: The picture.
        heat: The map, of any size; its least value is the start of the scale and its
            largest the end.
        strength: How much of the colours is seen, from 0 to 1.

    Shape:
        image: ``(H, W)`` or ``(H, W, 1 or 3)``; heat: ``(h, w)``.
        returns: RGB, uint8, ``(H, W, 3)``.

    Example:
        >>> overlay_heat(np.zeros((8, 6)), np.eye(2)).shape
        (8, 6, 3)
    """
    image = as_rgb(image)
    size = image.shape[1], image.shape[0]
    large = cv2.resize(heat.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    low, high = float(large.min()), float(large.max())
    scaled = ((large - low) / max(high - low, 1e-12) * 255).astype(np.uint8)
    colours = cv2.applyColorMap(scaled, cv2.COLORMAP_JET)[..., ::-1]
    mixed = image * (1 - strength) + colours * strength
    return mixed.round().astype(np.uint8)
