"""ResNeSt-50 at 224x224."""

model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNeSt', depth=50),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=2048,
        loss=dict(
            type='LabelSmoothLoss',
            label_smooth_val=0.1,
            num_classes=1000,
            reduction='mean',
            loss_weight=1.0,
        ),
        cal_acc=False,
    ),
    train_cfg=dict(augments=dict(type='Mixup', alpha=0.2)),
)
