"""ResNeXt-50 32x4d on ImageNet-1k, 8 GPUs of 32 images.

Paper: Aggregated Residual Transformations for Deep Neural Networks,
CVPR 2017, https://arxiv.org/abs/1611.05431

Expected: 77.90 % top-1 after 100 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/resnext/resnext50-32x4d_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(type='ResNeXt', groups=32, width_per_group=4))
