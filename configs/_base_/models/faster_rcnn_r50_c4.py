"""Faster R-CNN with ResNet-50 cut behind its third stage, as in detectron2.

Paper: https://arxiv.org/abs/1506.01497
"""

model = dict(
    type='FasterRCNN',
    num_classes=80,
    feature_extractor=dict(
        type='ClassifierRCNNExtractor',
        backbone=dict(
            type='ResNet',
            depth=50,
            style='caffe',
            frozen_stages=1,
            norm_eval=True,
            zero_init_residual=False,
        ),
        cut='layer3',
        batch_norm_trainable=False,
    ),
    rpn_head=dict(
        type='RPNHead',
        anchor_generator=dict(
            type='AnchorGenerator',
            sizes=[[32, 64, 128, 256, 512]],
            strides=[16],
            rounded=False,
        ),
        loss_bbox=dict(type='L1Loss'),
        train_cfg=dict(nms_pre=12000, max_per_img=2000),
        test_cfg=dict(nms_pre=6000, max_per_img=1000),
    ),
    roi_head=dict(
        type='RoIHead',
        bbox_head=dict(type='ConvFCBBoxHead', num_shared_fcs=0),
        roi_extractor=dict(
            type='RoIAlignExtractor',
            output_size=14,
            sampling_ratio=0,
            aligned=True,
        ),
        loss_bbox=dict(type='L1Loss'),
    ),
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[103.53, 116.28, 123.675],
        std=[1.0, 1.0, 1.0],
    ),
)
