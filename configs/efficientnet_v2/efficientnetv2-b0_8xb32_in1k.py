"""EfficientNetV2-B0 on ImageNet-1k, 8 GPUs of 32 images.

Paper: EfficientNetV2: Smaller Models and Faster Training,
ICML 2021, https://arxiv.org/abs/2104.00298

Expected: 78.52 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/efficientnet_v2/efficientnetv2-b0_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/efficientnetv2_b0.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]

_base_.train_dataloader.dataset.pipeline[1].scale = 192
train_dataloader = dict(batch_size=32)

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='EfficientNetCenterCrop', crop_size=224, crop_padding=0),
    dict(type='PackInputs'),
]
val_dataloader = dict(batch_size=32, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
