"""ResNet-18 on ImageNet-1k, 8 GPUs of 32 images.

Paper: Deep Residual Learning for Image Recognition, CVPR 2016,
https://arxiv.org/abs/1512.03385

Expected: 69.90 % top-1 after 100 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/resnet/resnet18_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/resnet18.py',
    '../_base_/datasets/imagenet_bs32.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]
