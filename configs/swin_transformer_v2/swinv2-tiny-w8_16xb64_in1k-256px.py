"""Swin Transformer V2 on ImageNet-1k, 16 GPUs of 64 images.

Paper: Swin Transformer V2: Scaling Up Capacity and Resolution,
CVPR 2022, https://arxiv.org/abs/2111.09883

Expected: 81.76 % top-1, 95.87 % top-5 is published; those recipes also
use RandAugment and RandomErasing.

    bash tools/dist_train.sh \\
        configs/swin_transformer_v2/swinv2-tiny-w8_16xb64_in1k-256px.py 16
"""

_base_ = [
    '../_base_/models/swinv2-tiny-w8.py',
    '../_base_/datasets/imagenet_bs32.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=256),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=292, edge='short'),
    dict(type='CenterCrop', crop_size=256),
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
