"""MoCo v2 on ImageNet.

Paper: Improved Baselines with Momentum Contrastive Learning,
https://arxiv.org/abs/2003.04297

Expected: 67.5 % top-1 of a linear classifier on its features, as mmpretrain
reports; not trained here.

    tools/dist_train.sh configs/mocov2/mocov2_resnet50_8xb32-coslr-200e_in1k.py 8
"""

_base_ = [
    '../_base_/models/mocov2_resnet50.py',
    '../_base_/datasets/imagenet_bs32_mocov2.py',
    '../_base_/schedules/imagenet_sgd_coslr_200e.py',
    '../_base_/default_runtime.py',
]

default_hooks = dict(checkpoint=dict(interval=10))
