"""Pure functions of tensors."""

from .boxes import (
    box_area,
    box_overlaps,
    centered_to_corners,
    clip_boxes,
    corners_to_centered,
    large_enough,
    paired_overlaps,
)
from .gather import gather
from .nms import batched_nms, fixed_point_nms, multiclass_nms, nms, soft_nms
from .roi_align import crop_and_resize, multi_level_roi_align, roi_align

__all__ = [
    'batched_nms',
    'box_area',
    'box_overlaps',
    'centered_to_corners',
    'clip_boxes',
    'corners_to_centered',
    'crop_and_resize',
    'fixed_point_nms',
    'gather',
    'large_enough',
    'multi_level_roi_align',
    'multiclass_nms',
    'nms',
    'paired_overlaps',
    'roi_align',
    'soft_nms',
]
