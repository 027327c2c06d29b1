"""SSD whose feature extractor is chosen by its type."""

custom_imports = dict(imports=['my_detection'])

model = dict(
    type='SSD',
    num_classes=2,
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
)
