"""BYOL of a ResNet-50, as mmpretrain has it."""

model = dict(
    type='BYOL',
    base_momentum=0.01,
    backbone=dict(
        type='ResNet', depth=50, norm_cfg=dict(type='SyncBN'), zero_init_residual=False
    ),
    neck=dict(
        type='NonLinearNeck',
        in_channels=2048,
        hid_channels=4096,
        out_channels=256,
        with_bias=True,
        with_last_bn=False,
    ),
    head=dict(
        type='LatentPredictHead',
        loss=dict(type='CosineSimilarityLoss'),
        predictor=dict(
            type='NonLinearNeck',
            in_channels=256,
            hid_channels=4096,
            out_channels=256,
            with_bias=True,
            with_last_bn=False,
            with_avg_pool=False,
        ),
    ),
)
