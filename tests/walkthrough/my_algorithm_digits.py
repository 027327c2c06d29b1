_base_ = 'configs/mae/mae_vit-tiny-p8_1xb128_digits.py'

custom_imports = dict(imports=['my_selfsup'])

model = dict(
    _delete_=True,
    type='NewAlgorithm',
    backbone=dict(
        type='MyMAEViT',
        arch=dict(embed_dims=32, num_layers=2, num_heads=4, feedforward_channels=64),
        img_size=16,
        patch_size=4,
    ),
    neck=dict(
        type='MAEPretrainDecoder',
        num_patches=16,
        patch_size=4,
        embed_dim=32,
        decoder_embed_dim=32,
        decoder_depth=1,
        decoder_num_heads=4,
    ),
    head=dict(
        type='MyMAEPretrainHead',
        patch_size=4,
        norm_pix=True,
        loss=dict(type='PixelReconstructionLoss', criterion='L2'),
    ),
)

# The constructor takes none: the default one of self-supervised learning.
data_preprocessor = None
