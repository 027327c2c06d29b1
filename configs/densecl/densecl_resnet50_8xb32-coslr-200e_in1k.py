"""DenseCL on ImageNet.

Paper: Dense Contrastive Learning for Self-Supervised Visual Pre-Training,
https://arxiv.org/abs/2011.09157

Expected: 63.5 % top-1 of a linear classifier on its features, as mmpretrain
reports; not trained here.

    tools/dist_train.sh configs/densecl/densecl_resnet50_8xb32-coslr-200e_in1k.py 8
"""

_base_ = [
    '../_base_/models/densecl_resnet50.py',
    '../_base_/datasets/imagenet_bs32_mocov2.py',
    '../_base_/schedules/imagenet_sgd_coslr_200e.py',
    '../_base_/default_runtime.py',
]

custom_hooks = [dict(type='DenseCLHook', start_iters=1000)]

default_hooks = dict(checkpoint=dict(interval=10))
