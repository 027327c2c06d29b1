"""MobileOne-S0 at 224x224."""

model = dict(
    type='ImageClassifier',
    backbone=dict(type='MobileOne', arch='s0'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=1024,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
    ),
)
