"""SSDLite for 320x320 pixels with MobileNetV3, as in torchvision.

Papers: https://arxiv.org/abs/1801.04381, https://arxiv.org/abs/1905.02244
"""

model = dict(
    type='SSD',
    num_classes=90,
    image_resizer=dict(type='FixedShapeResizer', height=320, width=320),
    feature_extractor=dict(
        type='SSDMultiMapExtractor',
        backbone=dict(type='SSDLiteMobileNetV3'),
        extra_channels=(512, 256, 256, 128),
        neck=dict(
            use_depthwise=True,
            norm_cfg=dict(type='BN', eps=0.001, momentum=0.03),
            act_cfg=dict(type='ReLU6'),
            init_cfg=dict(type='Normal', layer='Conv2d', std=0.03),
        ),
    ),
    bbox_head=dict(
        type='SSDHead',
        use_depthwise=True,
        norm_cfg=dict(type='BN', eps=0.001, momentum=0.03),
        anchor_generator=dict(
            type='SSDAnchorGenerator',
            ratios=[[2, 3]] * 6,
            min_scale=0.2,
            max_scale=0.95,
        ),
        test_cfg=dict(
            score_thr=0.001, nms_pre=300, iou_threshold=0.55, max_per_img=300
        ),
        init_cfg=dict(type='Normal', layer='Conv2d', std=0.03),
    ),
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[127.5, 127.5, 127.5],
        std=[127.5, 127.5, 127.5],
        to_rgb=True,
    ),
)
