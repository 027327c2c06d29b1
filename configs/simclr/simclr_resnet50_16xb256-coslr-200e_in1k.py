"""SimCLR on ImageNet.

Paper: A Simple Framework for Contrastive Learning of Visual Representations,
https://arxiv.org/abs/2002.05709

Expected: 66.9 % top-1 of a linear classifier on its features, as mmpretrain
reports; not trained here.

    tools/dist_train.sh configs/simclr/simclr_resnet50_16xb256-coslr-200e_in1k.py 16
"""

_base_ = [
    '../_base_/models/simclr_resnet50.py',
    '../_base_/datasets/imagenet_bs32_simclr.py',
    '../_base_/schedules/imagenet_lars_coslr_200e.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=256)

default_hooks = dict(checkpoint=dict(interval=10))
