"""SSDLite for 320x320 pixels with MobileNetV2, as in mmdetection.

Paper: https://arxiv.org/abs/1801.04381
"""

norm = dict(type='BN', eps=0.001, momentum=0.03)
normal = dict(type='TruncNormal', layer='Conv2d', std=0.03)

model = dict(
    type='SSD',
    num_classes=80,
    image_resizer=dict(type='FixedShapeResizer', height=320, width=320),
    feature_extractor=dict(
        type='SSDMultiMapExtractor',
        backbone=dict(type='MobileNetV2', out_indices=(4, 7), norm_cfg=norm),
        extra_channels=(512, 256, 256, 128),
        neck=dict(
            use_depthwise=True,
            norm_cfg=norm,
            act_cfg=dict(type='ReLU6'),
            init_cfg=normal,
        ),
    ),
    bbox_head=dict(
        type='SSDHead',
        use_depthwise=True,
        norm_cfg=norm,
        anchor_generator=dict(
            type='SSDAnchorGenerator',
            ratios=[[2, 3]] * 6,
            # Squares of 48, 100, 150, 202, 253 and 304 pixels of 320.
            scales=[0.15, 0.3125, 0.46875, 0.63125, 0.790625, 0.95, 1.0],
            steps=[16, 32, 64, 107, 160, 320],
            clip=False,
        ),
        test_cfg=dict(
            score_thr=0.02, nms_pre=1000, iou_threshold=0.45, max_per_img=200
        ),
        init_cfg=normal,
    ),
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True,
    ),
)
