"""Draw data and predictions."""

from .image import as_rgb, read_image, resize_image, write_image
from .visualizer import UniversalVisualizer

__all__ = [
    'UniversalVisualizer',
    'as_rgb',
    'read_image',
    'resize_image',
    'write_image',
]
