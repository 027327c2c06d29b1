"""MAE of a small vision transformer on 1,797 handwritten digits.

Paper: Masked Autoencoders Are Scalable Vision Learners, CVPR 2022,
https://arxiv.org/abs/2111.06377

Expected: see the table in configs/mae/README.md; under 4 minutes on two CPU cores.

    python tools/train.py configs/mae/mae_vit-tiny-p4_1xb128_digits.py
"""

_base_ = [
    '../_base_/models/mae_vit-base-p16.py',
    '../_base_/datasets/digits_bs32.py',
    '../_base_/schedules/digits_bs32.py',
    '../_base_/default_runtime.py',
]

arch = dict(
    _delete_=True, embed_dims=96, num_layers=4, num_heads=4, feedforward_channels=192
)
model = dict(
    backbone=dict(arch=arch, img_size=32, patch_size=4),
    neck=dict(
        num_patches=64,
        patch_size=4,
        embed_dim=96,
        decoder_embed_dim=64,
        decoder_depth=2,
        decoder_num_heads=4,
        mlp_ratio=2.0,
    ),
    head=dict(norm_pix=False, patch_size=4),
)
data_preprocessor = dict(_delete_=True, mean=[77.7] * 3, std=[82.4] * 3, to_rgb=False)
train_dataloader = dict(batch_size=128)
optimizer = dict(type='AdamW', lr=2e-3, betas=(0.9, 0.95), weight_decay=0.05)
optim_wrapper = dict(optimizer=dict(_delete_=True, **optimizer))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, end=10, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=10, end=150, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=150)
val_dataloader = val_cfg = val_evaluator = None
test_dataloader = test_cfg = test_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None, interval=50))
randomness = dict(seed=0)
