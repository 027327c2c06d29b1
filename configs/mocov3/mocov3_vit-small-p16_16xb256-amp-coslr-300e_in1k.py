"""MoCo v3 on ImageNet.

Paper: An Empirical Study of Training Self-Supervised Vision Transformers,
https://arxiv.org/abs/2104.02057

Expected: 73.6 % top-1 of a linear classifier on its features, as mmpretrain
reports; not trained here.

    tools/dist_train.sh CONFIG 16, where CONFIG is
    configs/mocov3/mocov3_vit-small-p16_16xb256-amp-coslr-300e_in1k.py
"""

_base_ = [
    '../_base_/models/mocov3_vit-small-p16.py',
    '../_base_/datasets/imagenet_bs32_mocov3.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=256)

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=2.4e-3, weight_decay=0.1),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, end=40, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        T_max=260,
        begin=40,
        end=300,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(by_epoch=True, max_epochs=300)
auto_scale_lr = dict(base_batch_size=4096)
