"""Draw data and predictions."""

from .drawers import DRAWERS, Drawer, contact_sheet
from .image import as_rgb, read_image, resize_image, write_image
from .local_vis_backend import LocalVisBackend
from .matrix import draw_matrix, matrix_table
from .visualizer import UniversalVisualizer

__all__ = [
    'DRAWERS',
    'Drawer',
    'LocalVisBackend',
    'UniversalVisualizer',
    'as_rgb',
    'contact_sheet',
    'draw_matrix',
    'matrix_table',
    'read_image',
    'resize_image',
    'write_image',
]
