"""MAE with a small vision transformer, for images of 32 x 32 pixels."""

model = dict(
    type='MAE',
    backbone=dict(
        type='MAEViT',
        arch=dict(embed_dims=96, num_layers=4, num_heads=6, feedforward_channels=192),
        img_size=32,
        patch_size=8,
        mask_ratio=0.5,
    ),
    neck=dict(
        type='MAEPretrainDecoder',
        num_patches=16,
        patch_size=8,
        embed_dim=96,
        decoder_embed_dim=64,
        decoder_depth=1,
        decoder_num_heads=4,
        mlp_ratio=2.0,
    ),
    head=dict(type='MAEPretrainHead', patch_size=8, norm_pix=True),
    init_cfg=[
        dict(type='Xavier', layer='Linear', distribution='uniform'),
        dict(type='Constant', layer='LayerNorm', val=1.0, bias=0.0),
    ],
)
