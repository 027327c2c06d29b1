"""Draw data and predictions."""

from .image import as_rgb, read_image, resize_image, write_image
from .local_vis_backend import LocalVisBackend
from .matrix import draw_matrix, matrix_table
from .visualizer import UniversalVisualizer

__all__ = [
    'LocalVisBackend',
    'UniversalVisualizer',
    'as_rgb',
    'draw_matrix',
    'matrix_table',
    'read_image',
    'resize_image',
    'write_image',
]
