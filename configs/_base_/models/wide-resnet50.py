"""Wide ResNet, wide-resnet50."""

model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=50, base_channels=128, expansion=2),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=2048,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        topk=(1, 5),
    ),
)
