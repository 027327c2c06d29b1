"""SimCLR of a quarter-width ResNet-18 on 1,797 handwritten digits.

Paper: A Simple Framework for Contrastive Learning of Visual Representations, ICML
2020, https://arxiv.org/abs/2002.05709

    python tools/train.py configs/simclr/simclr_resnet18_1xb256_digits.py
    python tools/knn.py configs/simclr/simclr_resnet18_1xb256_digits.py CHECKPOINT \
        --shots 10
"""

_base_ = [
    '../_base_/datasets/digits_views_bs256.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='SimCLR',
    backbone=dict(type='ResNet_CIFAR', depth=18, stem_channels=16, base_channels=16),
    neck=dict(
        type='NonLinearNeck',
        in_channels=128,
        hid_channels=128,
        out_channels=64,
        norm_cfg=dict(type='BN1d'),
    ),
    head=dict(
        type='ContrastiveHead', loss=dict(type='CrossEntropyLoss'), temperature=0.2
    ),
    data_preprocessor=dict(
        mean=[77.7, 77.7, 77.7], std=[82.4, 82.4, 82.4], to_rgb=False
    ),
)

optim_wrapper = dict(optimizer=dict(type='AdamW', lr=0.002, weight_decay=0.01))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=2, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=2, end=40, convert_to_iter_based=True),
]
train_cfg = dict(by_epoch=True, max_epochs=40, val_interval=10)

default_hooks = dict(logger=dict(interval=5), checkpoint=dict(interval=40))
randomness = dict(seed=0)
