"""EdgeNeXt-XXS at 256x256."""

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='EdgeNeXt',
        arch='xxsmall',
        drop_path_rate=0.1,
        init_cfg=[
            dict(type='TruncNormal', layer=['Conv2d', 'Linear'], std=0.02, bias=0.0),
            dict(type='Constant', layer=['LayerNorm'], val=1.0, bias=0.0),
        ],
    ),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=168,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
    ),
)
