"""ResNet-50 on CIFAR-10, 8 GPUs of 16 images.

Paper: Deep Residual Learning for Image Recognition, CVPR 2016,
https://arxiv.org/abs/1512.03385

Expected: 95.55 % top-1 after 200 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/resnet/resnet50_8xb16_cifar10.py 8
"""

_base_ = [
    '../_base_/models/resnet50_cifar.py',
    '../_base_/datasets/cifar10_bs16.py',
    '../_base_/schedules/cifar10_bs128.py',
    '../_base_/default_runtime.py',
]
