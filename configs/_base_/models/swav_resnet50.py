"""SwAV of a ResNet-50, as mmpretrain has it."""

model = dict(
    type='SwAV',
    backbone=dict(
        type='ResNet', depth=50, norm_cfg=dict(type='SyncBN'), zero_init_residual=True
    ),
    neck=dict(type='SwAVNeck', in_channels=2048, hid_channels=2048, out_channels=128),
    head=dict(
        type='SwAVHead',
        loss=dict(
            type='SwAVLoss',
            feat_dim=128,
            epsilon=0.05,
            temperature=0.1,
            num_crops=[2, 6],
        ),
    ),
)
