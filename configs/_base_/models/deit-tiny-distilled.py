"""DeiT, tiny-distilled, at 224x224."""

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='DistilledVisionTransformer', arch='deit-tiny', img_size=224, patch_size=16
    ),
    neck=None,
    head=dict(
        type='DeiTClsHead',
        num_classes=1000,
        in_channels=192,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
    ),
    init_cfg=[
        dict(type='TruncNormal', layer='Linear', std=0.02),
        dict(type='Constant', layer='LayerNorm', val=1.0, bias=0.0),
    ],
)
