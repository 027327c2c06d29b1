"""Draw data and predictions."""

from .image import as_rgb, read_image, resize_image, write_image
from .local_vis_backend import LocalVisBackend
from .visualizer import UniversalVisualizer

__all__ = [
    'LocalVisBackend',
    'UniversalVisualizer',
    'as_rgb',
    'read_image',
    'resize_image',
    'write_image',
]
