"""A small Faster R-CNN with a feature pyramid on drawn shapes, without a download.

Paper: Faster R-CNN, NIPS 2015, https://arxiv.org/abs/1506.01497

    python tools/train.py configs/faster_rcnn/faster_rcnn_tiny_fpn_1xb16-20e_shapes.py
"""

_base_ = ['../_base_/datasets/shapes.py', '../_base_/default_runtime.py']

model = dict(
    type='FasterRCNN',
    num_classes=5,
    feature_extractor=dict(
        type='FPNExtractor',
        backbone=dict(
            type='ResNet',
            depth=18,
            stem_channels=16,
            base_channels=16,
            out_indices=(1, 2, 3),
        ),
        neck=dict(out_channels=48, num_outs=3),
    ),
    rpn_head=dict(
        type='RPNHead',
        anchor_generator=dict(
            type='AnchorGenerator',
            sizes=[[16, 24], [36], [52]],
            ratios=[1.0],
            center_offset=0.5,
        ),
        assigner=dict(
            type='TargetAssigner',
            matcher=dict(
                type='ArgMaxMatcher',
                matched_threshold=0.6,
                unmatched_threshold=0.3,
                allow_low_quality_matches=True,
            ),
        ),
        sampler=dict(type='BalancedSampler', batch_size=64, positive_fraction=0.5),
        train_cfg=dict(nms_pre=100, max_per_img=50),
        test_cfg=dict(nms_pre=100, max_per_img=30),
    ),
    roi_head=dict(
        type='RoIHead',
        roi_extractor=dict(type='RoIAlignExtractor', output_size=5, num_levels=1),
        bbox_head=dict(
            type='ConvFCBBoxHead',
            roi_feat_size=5,
            fc_out_channels=128,
            reg_class_agnostic=True,
        ),
        sampler=dict(type='BalancedSampler', batch_size=32, positive_fraction=0.5),
    ),
)

train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=20)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.01),
    clip_grad=dict(max_norm=10),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', T_max=20, by_epoch=True, convert_to_iter_based=True),
]
default_hooks = dict(
    logger=dict(interval=10), checkpoint=dict(interval=20, save_best='coco/bbox_mAP')
)
randomness = dict(seed=0)
