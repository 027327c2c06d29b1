"""RepLKNet-31B at 224x224."""

model = dict(
    type='ImageClassifier',
    backbone=dict(type='RepLKNet', arch='31B'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=1024,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
    ),
)
