"""The network of airbench94, which classifies 32x32 images."""

model = dict(
    type='ImageClassifier',
    backbone=dict(type='AirbenchNet', widths=(64, 256, 256)),
    neck=dict(type='GlobalMaxPooling'),
    head=dict(
        type='ScaledLinearClsHead',
        num_classes=10,
        in_channels=256,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.2, mode='original'),
    ),
)
