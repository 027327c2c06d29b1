"""SparK with ResNet-50."""

model = dict(
    type='SparK',
    input_size=224,
    downsample_raito=32,
    mask_ratio=0.6,
    enc_dec_norm_cfg=dict(type='SparseSyncBatchNorm2d'),
    enc_dec_norm_dim=2048,
    backbone=dict(
        type='SparseResNet',
        depth=50,
        out_indices=(0, 1, 2, 3),
        drop_path_rate=0.05,
    ),
    neck=dict(
        type='SparKLightDecoder', feature_dim=512, upsample_ratio=32, last_act=False
    ),
    head=dict(
        type='SparKPretrainHead',
        loss=dict(type='PixelReconstructionLoss', criterion='L2'),
    ),
)
