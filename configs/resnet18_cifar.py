"""ResNet-18 on CIFAR-10: the front door.

Paper: Deep Residual Learning for Image Recognition, CVPR 2016,
https://arxiv.org/abs/1512.03385

Expected: 94.8 % top-1 after 200 epochs (mmpretrain's figure for the same recipe
at a batch of 8 x 16). Without CIFAR-10 and without a network the same family of
model trains on the digits that ship with mmlite: see ``stand_in``.

    python tools/train.py configs/resnet18_cifar.py
"""

_base_ = [
    '_base_/models/resnet18_cifar.py',
    '_base_/datasets/cifar10_bs16.py',
    '_base_/schedules/cifar10_bs128.py',
    '_base_/default_runtime.py',
]

stand_in = 'resnet18_digits.py'

train_dataloader = dict(batch_size=128)
default_hooks = dict(checkpoint=dict(save_best='auto'))
