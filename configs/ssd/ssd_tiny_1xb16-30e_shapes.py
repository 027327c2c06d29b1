"""A small SSD on drawn shapes: detection without a download.

Paper: SSD: Single Shot MultiBox Detector, ECCV 2016, https://arxiv.org/abs/1512.02325

    python tools/train.py configs/ssd/ssd_tiny_1xb16-30e_shapes.py

Expected: AP50 0.913, AP 0.657 (one run) after 205 seconds of one core.
"""

_base_ = [
    '../_base_/models/ssd_tiny.py',
    '../_base_/datasets/shapes.py',
    '../_base_/schedules/shapes_adamw_30e.py',
    '../_base_/default_runtime.py',
]
