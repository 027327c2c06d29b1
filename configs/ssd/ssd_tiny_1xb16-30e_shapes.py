"""A small SSD on drawn shapes: detection without a download.

Paper: SSD: Single Shot MultiBox Detector, ECCV 2016, https://arxiv.org/abs/1512.02325

    python tools/train.py configs/ssd/ssd_tiny_1xb16-30e_shapes.py
"""

_base_ = ['../_base_/datasets/shapes.py', '../_base_/default_runtime.py']

model = dict(
    type='SSD',
    num_classes=5,
    feature_extractor=dict(
        type='SSDMultiMapExtractor',
        backbone=dict(
            type='ResNet',
            depth=18,
            stem_channels=16,
            base_channels=24,
            out_indices=(1, 2, 3),
        ),
        extra_channels=(),
    ),
    bbox_head=dict(
        type='SSDHead',
        anchor_generator=dict(
            type='SSDAnchorGenerator',
            ratios=[[2], [2], [2]],
            scales=[0.16, 0.28, 0.44, 0.6],
        ),
    ),
)

train_cfg = dict(by_epoch=True, max_epochs=30, val_interval=30)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.01),
    clip_grad=dict(max_norm=10),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', T_max=30, by_epoch=True, convert_to_iter_based=True),
]
default_hooks = dict(
    logger=dict(interval=10), checkpoint=dict(interval=30, save_best='coco/bbox_mAP')
)
randomness = dict(seed=0)
