"""Faster R-CNN with ResNet-50 cut behind its third stage, as in TensorFlow's API.

Paper: https://arxiv.org/abs/1506.01497; ``faster_rcnn_resnet50_coco``.
"""

coder = dict(type='BoxCoder', weights=(10.0, 10.0, 5.0, 5.0), max_growth=None)

model = dict(
    type='FasterRCNN',
    num_classes=90,
    image_resizer=dict(
        type='KeepAspectRatioResizer', min_dimension=600, max_dimension=1024
    ),
    feature_extractor=dict(
        type='ClassifierRCNNExtractor',
        # The last stage keeps the size of the crops, which are pooled already.
        backbone=dict(
            type='ResNet', depth=50, strides=(1, 2, 2, 1), zero_init_residual=False
        ),
        cut='layer3',
        batch_norm_trainable=False,
    ),
    rpn_head=dict(
        type='RPNHead',
        feat_channels=512,
        act_cfg=dict(type='ReLU6'),
        use_sigmoid=False,
        anchor_generator=dict(
            type='AnchorGenerator',
            sizes=[[64, 128, 256, 512]],
            strides=[16],
            rounded=False,
        ),
        bbox_coder=coder,
        assigner=dict(
            type='TargetAssigner',
            matcher=dict(
                type='ArgMaxMatcher',
                matched_threshold=0.7,
                unmatched_threshold=0.3,
                force_match_for_each_row=True,
            ),
        ),
        loss_bbox=dict(type='SmoothL1Loss', beta=1.0),
        loss_weights=(1.0, 2.0),
        train_cfg=dict(nms_pre=100_000, max_per_img=300),
        test_cfg=dict(nms_pre=100_000, max_per_img=300),
    ),
    roi_head=dict(
        type='RoIHead',
        bbox_head=dict(type='ConvFCBBoxHead', num_shared_fcs=0),
        roi_extractor=dict(
            type='CropAndResizeExtractor',
            crop_size=14,
            maxpool_kernel_size=2,
            maxpool_stride=2,
        ),
        bbox_coder=coder,
        sampler=dict(type='BalancedSampler', batch_size=64, positive_fraction=0.25),
        loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=2.0),
        add_gt_as_proposals=False,
        test_cfg=dict(score_thr=0.0, iou_threshold=0.6, max_per_img=300),
    ),
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.68, 116.779, 103.939],
        std=[1.0, 1.0, 1.0],
        to_rgb=True,
    ),
)
