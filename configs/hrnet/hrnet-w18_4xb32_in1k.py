"""HRNet-W18 on ImageNet-1k, 4 GPUs of 32 images.

Paper: Deep High-Resolution Representation Learning for Visual Recognition,
TPAMI 2020, https://arxiv.org/abs/1908.07919

Expected: 76.75 % top-1 after 100 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/hrnet/hrnet-w18_4xb32_in1k.py 4
"""

_base_ = [
    '../_base_/models/hrnet-w18.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs256_coslr.py',
    '../_base_/default_runtime.py',
]

auto_scale_lr = dict(base_batch_size=128)
