"""Faster R-CNN whose feature extractor is chosen by its type."""

custom_imports = dict(imports=['my_detection'])

model = dict(
    type='FasterRCNN',
    num_classes=2,
    feature_extractor=dict(
        type='ClassifierRCNNExtractor',
        backbone=dict(type='InceptionV100'),
        cut='stage2',
        batch_norm_trainable=False,
    ),
    rpn_head=dict(
        type='RPNHead',
        anchor_generator=dict(
            type='AnchorGenerator', sizes=[[12, 24, 40]], ratios=[1.0], strides=[8]
        ),
        train_cfg=dict(max_per_img=40),
        test_cfg=dict(max_per_img=20),
    ),
    roi_head=dict(
        type='RoIHead',
        bbox_head=dict(type='ConvFCBBoxHead', num_shared_fcs=0),
        roi_extractor=dict(type='CropAndResizeExtractor', crop_size=8),
        test_cfg=dict(score_thr=0.1),
    ),
)
