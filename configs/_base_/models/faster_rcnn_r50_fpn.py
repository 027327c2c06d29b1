"""Faster R-CNN with ResNet-50 and a feature pyramid, as in torchvision.

Papers: https://arxiv.org/abs/1506.01497, https://arxiv.org/abs/1612.03144
"""

model = dict(
    type='FasterRCNN',
    num_classes=90,
    pad_to_multiple=32,
    feature_extractor=dict(
        type='FPNExtractor',
        backbone=dict(
            type='ResNet',
            depth=50,
            out_indices=(0, 1, 2, 3),
            frozen_stages=1,
            # The norms of torchvision's published weights have an eps of 0.
            norm_cfg=dict(type='BN', requires_grad=False, eps=0.0),
            norm_eval=True,
            zero_init_residual=False,
        ),
        neck=dict(out_channels=256, num_outs=5),
    ),
    rpn_head=dict(type='RPNHead'),
    roi_head=dict(type='RoIHead', bbox_head=dict(type='ConvFCBBoxHead')),
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True,
    ),
)
