_base_ = [
    'configs/_base_/datasets/shapes.py',
    'configs/_base_/schedules/shapes_adamw_30e.py',
    'configs/_base_/default_runtime.py',
]

custom_imports = dict(imports=['my_detection'])

data_preprocessor = dict(mean=[123.68, 116.779, 103.939], std=[1.0, 1.0, 1.0])
model = dict(
    type='FasterRCNN',
    num_classes=5,
    feature_extractor=dict(
        type='ClassifierRCNNExtractor',
        backbone=dict(type='InceptionV100'),
        cut='stage2',
        batch_norm_trainable=False,
    ),
    rpn_head=dict(
        type='RPNHead',
        anchor_generator=dict(
            type='AnchorGenerator', sizes=[[16, 32, 60]], ratios=[1.0], strides=[8]
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
    fine_tune_checkpoint='work_dirs/my_inception_digits/epoch_16.pth',
)
