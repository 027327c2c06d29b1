"""Resizing inside a detector, so that it takes images of any size."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from ...registry import TASK_UTILS

__all__ = ['FixedShapeResizer', 'KeepAspectRatioResizer']


class _Resizer:
    """Base of what resizes images ``(*, C, H, W)`` bilinearly."""

    def size_of(self, height: int, width: int) -> tuple[int, int]:
        """Height and width afterwards."""
        raise NotImplementedError

    def __call__(self, image: Tensor) -> Tensor:
        """The image at its new size."""
        height, width = (int(side) for side in image.shape[-2:])
        size = self.size_of(height, width)
        if size == (height, width):
            return image
        batch = image if image.ndim == 4 else image[None]
        found = F.interpolate(batch, size, mode='bilinear', align_corners=False)
        return found if image.ndim == 4 else found[0]


@TASK_UTILS.register_module()
class KeepAspectRatioResizer(_Resizer):
    """Bring the short side to a length, unless the long side grows too long.

    Args:
        min_dimension: Length of the short side, in pixels.
        max_dimension: Length of the long side at most.

    Shape:
        image: ``(C, H, W)``; returns: ``(C, H', W')``.

    Example:
        >>> KeepAspectRatioResizer(600, 1024).size_of(300, 600)
        (512, 1024)
    """

    def __init__(self, min_dimension: int = 600, max_dimension: int = 1024) -> None:
        if min_dimension > max_dimension:
            raise ValueError(
                f'min_dimension={min_dimension} is at most '
                f'max_dimension={max_dimension}'
            )
        self.min_dimension = min_dimension
        self.max_dimension = max_dimension

    def size_of(self, height: int, width: int) -> tuple[int, int]:
        """Height and width afterwards."""
        short, long = sorted((height, width))
        scale = min(self.min_dimension / short, self.max_dimension / long)
        return max(int(height * scale), 1), max(int(width * scale), 1)


@TASK_UTILS.register_module()
class FixedShapeResizer(_Resizer):
    """Bring all images to one size.

    Args:
        height: In pixels.
        width: In pixels.

    Shape:
        image: ``(C, H, W)``; returns: ``(C, height, width)``.

    Example:
        >>> FixedShapeResizer(300, 300).size_of(480, 640)
        (300, 300)
    """

    def __init__(self, height: int = 300, width: int = 300) -> None:
        self.height = height
        self.width = width

    def size_of(self, height: int, width: int) -> tuple[int, int]:
        """Height and width afterwards."""
        return self.height, self.width
