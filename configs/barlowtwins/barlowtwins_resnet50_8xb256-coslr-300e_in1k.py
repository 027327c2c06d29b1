"""Barlow Twins on ImageNet.

Paper: Barlow Twins: Self-Supervised Learning via Redundancy Reduction,
https://arxiv.org/abs/2103.03230

Expected: 71.8 % top-1 of a linear classifier on its features, as mmpretrain
reports; not trained here.

    tools/dist_train.sh CONFIG 8, where CONFIG is
    configs/barlowtwins/barlowtwins_resnet50_8xb256-coslr-300e_in1k.py
"""

_base_ = [
    '../_base_/models/barlowtwins_resnet50.py',
    '../_base_/datasets/imagenet_bs32_byol.py',
    '../_base_/schedules/imagenet_lars_coslr_200e.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=256)

small = dict(decay_mult=0, lr_mult=0.024, lars_exclude=True)
optim_wrapper = dict(
    optimizer=dict(lr=1.6),
    paramwise_cfg=dict(custom_keys={'bn': small, 'bias': small, 'downsample.1': small}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1.6e-4, end=10, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        T_max=290,
        eta_min=0.0016,
        begin=10,
        end=300,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(max_epochs=300)
auto_scale_lr = dict(base_batch_size=2048)
