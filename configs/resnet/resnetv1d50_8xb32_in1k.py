"""ResNetV1d-50 on ImageNet-1k: deep stem, pooled shortcuts.

Paper: Bag of Tricks for Image Classification, CVPR 2019,
https://arxiv.org/abs/1812.01187

Expected: 77.54 % top-1 after 100 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/resnet/resnetv1d50_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(type='ResNetV1d'))
