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
from .cost_volume import (
    concat_volume,
    correlation_volume,
    group_correlation_volume,
)
from .disparity import (
    context_upsample,
    convex_upsample,
    known_disparity,
    regress_disparity,
)
from .exportable import ABSENT, static_nms, static_topk
from .gather import gather, place_in_gathered
from .layout import use_channels_last
from .lookup import RowLookup, row_correlation, row_pyramid
from .nms import batched_nms, fixed_point_nms, multiclass_nms, nms, soft_nms
from .patches import (
    flat_mask,
    gather_tokens,
    hide_tokens,
    num_kept,
    patchify,
    random_keep,
    separate,
    split_tokens,
    square,
    unpatchify,
)
from .precision import at_least_float32, full_precision
from .roi_align import crop_and_resize, multi_level_roi_align, roi_align
from .search import nearest
from .softmax import class_softmax
from .transfer import numbers_like

__all__ = [
    'ABSENT',
    'RowLookup',
    'at_least_float32',
    'batched_nms',
    'box_area',
    'box_overlaps',
    'centered_to_corners',
    'class_softmax',
    'clip_boxes',
    'concat_volume',
    'context_upsample',
    'convex_upsample',
    'corners_to_centered',
    'correlation_volume',
    'crop_and_resize',
    'fixed_point_nms',
    'flat_mask',
    'full_precision',
    'gather',
    'gather_tokens',
    'group_correlation_volume',
    'hide_tokens',
    'known_disparity',
    'large_enough',
    'multi_level_roi_align',
    'multiclass_nms',
    'nearest',
    'nms',
    'num_kept',
    'numbers_like',
    'paired_overlaps',
    'patchify',
    'place_in_gathered',
    'random_keep',
    'regress_disparity',
    'roi_align',
    'row_correlation',
    'row_pyramid',
    'separate',
    'soft_nms',
    'split_tokens',
    'square',
    'static_nms',
    'static_topk',
    'unpatchify',
    'use_channels_last',
]
