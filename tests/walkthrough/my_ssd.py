_base_ = [
    'configs/_base_/datasets/shapes.py',
    'configs/_base_/schedules/shapes_adamw_30e.py',
    'configs/_base_/default_runtime.py',
]

custom_imports = dict(imports=['my_detection'])

data_preprocessor = dict(mean=[123.68, 116.779, 103.939], std=[1.0, 1.0, 1.0])
model = dict(
    type='SSD',
    num_classes=5,
    feature_extractor=dict(
        type='SSDMultiMapExtractor',
        backbone=dict(type='InceptionV100', out_indices=(2, 3)),
        extra_channels=(),
    ),
    bbox_head=dict(
        type='SSDHead',
        anchor_generator=dict(
            type='SSDAnchorGenerator', ratios=[[], []], scales=[0.25, 0.45, 0.7]
        ),
        test_cfg=dict(score_thr=0.1),
    ),
    fine_tune_checkpoint='work_dirs/my_inception_digits/epoch_16.pth',
)
