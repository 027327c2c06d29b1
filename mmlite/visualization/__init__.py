"""Draw data and predictions."""

from .drawers import (
    DRAWERS,
    MOST_BOXES,
    Drawer,
    contact_sheet,
    disparity_colours,
    error_colours,
)
from .heat import overlay_heat
from .image import as_rgb, encode_image, read_image, resize_image, write_image
from .legends import disparity_scale
from .local_vis_backend import LocalVisBackend
from .matrix import draw_matrix, matrix_table
from .sheets import captioned, labelled_sheet, side_by_side
from .visualizer import UniversalVisualizer

__all__ = [
    'DRAWERS',
    'MOST_BOXES',
    'Drawer',
    'LocalVisBackend',
    'UniversalVisualizer',
    'as_rgb',
    'captioned',
    'contact_sheet',
    'disparity_colours',
    'disparity_scale',
    'draw_matrix',
    'encode_image',
    'error_colours',
    'labelled_sheet',
    'matrix_table',
    'overlay_heat',
    'read_image',
    'resize_image',
    'side_by_side',
    'write_image',
]
