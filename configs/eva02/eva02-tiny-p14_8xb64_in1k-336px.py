"""EVA-02 on ImageNet-1k, 8 GPUs of 64 images.

Paper: EVA-02: A Visual Representation for Neon Genesis,
arXiv 2023, https://arxiv.org/abs/2303.11331

Expected: 80.69 % top-1, 95.54 % top-5 is published; those recipes also
use RandAugment and RandomErasing and weights pre-trained on ImageNet-21k.

    bash tools/dist_train.sh configs/eva02/eva02-tiny-p14_8xb64_in1k-336px.py 8
"""

_base_ = [
    '../_base_/models/eva02-tiny-p14.py',
    '../_base_/datasets/imagenet_bs32.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=336),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=336, edge='short'),
    dict(type='CenterCrop', crop_size=336),
    dict(type='PackInputs'),
]
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
model = dict(
    train_cfg=dict(
        augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]
    )
)
optim_wrapper = dict(optimizer=dict(lr=0.0015))
