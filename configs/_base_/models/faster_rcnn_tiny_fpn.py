"""A small Faster R-CNN with a feature pyramid for pictures of about 128x128 pixels.

Papers: https://arxiv.org/abs/1506.01497, https://arxiv.org/abs/1612.03144
"""

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
            sizes=[[16, 24], [32, 40], [48, 60]],
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
