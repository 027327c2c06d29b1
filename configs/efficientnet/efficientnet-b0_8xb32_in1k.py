"""EfficientNet-B0 on ImageNet-1k, 8 GPUs of 32 images.

Paper: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks,
ICML 2019, https://arxiv.org/abs/1905.11946

Expected: 76.74 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/efficientnet/efficientnet-b0_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/efficientnet_b0.py',
    '../_base_/datasets/imagenet_bs32.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]

_base_.train_pipeline[1] = dict(type='EfficientNetRandomCrop', scale=224)
_base_.test_pipeline[1:3] = [dict(type='EfficientNetCenterCrop', crop_size=224)]

train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
