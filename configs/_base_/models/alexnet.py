"""AlexNet at 224x224."""

model = dict(
    type='ImageClassifier',
    backbone=dict(type='AlexNet', num_classes=1000),
    head=dict(
        type='ClsHead',
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
    ),
)
