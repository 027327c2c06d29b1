"""DeiT III, small-p16, at 224x224."""

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='DeiT3', arch='s', img_size=224, patch_size=16, drop_path_rate=0.05
    ),
    neck=None,
    head=dict(
        type='VisionTransformerClsHead',
        num_classes=1000,
        in_channels=384,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
    ),
    init_cfg=[
        dict(type='TruncNormal', layer='Linear', std=0.02),
        dict(type='Constant', layer='LayerNorm', val=1.0, bias=0.0),
    ],
)
