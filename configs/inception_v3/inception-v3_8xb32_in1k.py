"""Inception v3 on ImageNet-1k, 8 GPUs of 32 images.

Paper: Rethinking the Inception Architecture for Computer Vision,
CVPR 2016, https://arxiv.org/abs/1512.00567

Expected: 77.57 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/inception_v3/inception-v3_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/inception_v3.py',
    '../_base_/datasets/imagenet_bs32.py',
    '../_base_/schedules/imagenet_bs256_coslr.py',
    '../_base_/default_runtime.py',
]

_base_.train_dataloader.dataset.pipeline[1].scale = 299
for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 342
    loader.dataset.pipeline[2].crop_size = 299
