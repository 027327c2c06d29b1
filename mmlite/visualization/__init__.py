"""Draw data and predictions."""

from .drawers import DRAWERS, Drawer, contact_sheet, disparity_colours, error_colours
from .image import as_rgb, encode_image, read_image, resize_image, write_image
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
    'disparity_colours',
    'draw_matrix',
    'encode_image',
    'error_colours',
    'matrix_table',
    'read_image',
    'resize_image',
    'write_image',
]
