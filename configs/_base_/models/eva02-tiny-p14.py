"""EVA-02, tiny-p14, at 336x336."""

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ViTEVA02',
        arch='t',
        img_size=336,
        patch_size=14,
        final_norm=False,
        out_type='avg_featmap',
    ),
    neck=None,
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=192,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
    ),
    init_cfg=[
        dict(type='TruncNormal', layer='Linear', std=0.02),
        dict(type='Constant', layer='LayerNorm', val=1.0, bias=0.0),
    ],
)
