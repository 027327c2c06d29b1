"""A small Faster R-CNN with a feature pyramid on drawn shapes, without a download.

Paper: Faster R-CNN, NIPS 2015, https://arxiv.org/abs/1506.01497

    python tools/train.py configs/faster_rcnn/faster_rcnn_tiny_fpn_1xb16-18e_shapes.py

Expected: AP50 X, AP Y (one run) after Z seconds of one core.
"""

_base_ = [
    '../_base_/models/faster_rcnn_tiny_fpn.py',
    '../_base_/datasets/shapes.py',
    '../_base_/schedules/shapes_adamw_30e.py',
    '../_base_/default_runtime.py',
]

train_cfg = dict(max_epochs=18, val_interval=18)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', T_max=18, by_epoch=True, convert_to_iter_based=True),
]
default_hooks = dict(checkpoint=dict(interval=18))
