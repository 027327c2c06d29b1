"""Res2Net-50 (14w x 8s) on ImageNet-1k, 8 GPUs of 32 images.

Paper: Res2Net: A New Multi-scale Backbone Architecture,
TPAMI 2021, https://arxiv.org/abs/1904.01169

Expected: 78.14 % top-1 after 100 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/res2net/res2net50-w14-s8_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/res2net50-w14-s8.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]
