"""BYOL on ImageNet.

Paper: Bootstrap Your Own Latent,
https://arxiv.org/abs/2006.07733

Expected: 71.8 % top-1 of a linear classifier on its features, as mmpretrain
reports; not trained here.

    tools/dist_train.sh configs/byol/byol_resnet50_16xb256-coslr-200e_in1k.py 16
"""

_base_ = [
    '../_base_/models/byol_resnet50.py',
    '../_base_/datasets/imagenet_bs32_byol.py',
    '../_base_/schedules/imagenet_lars_coslr_200e.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=256)

default_hooks = dict(checkpoint=dict(interval=10))
