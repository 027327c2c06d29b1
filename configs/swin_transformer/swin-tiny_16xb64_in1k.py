"""Swin Transformer on ImageNet-1k, 16 GPUs of 64 images.

Paper: Swin Transformer: Hierarchical Vision Transformer using Shifted Windows,
ICCV 2021, https://arxiv.org/abs/2103.14030

Expected: 81.18 % top-1, 95.61 % top-5 is published by
mmpretrain.

    bash tools/dist_train.sh configs/swin_transformer/swin-tiny_16xb64_in1k.py 16
"""

_base_ = [
    '../_base_/models/swin-tiny.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=64)
model = dict(
    train_cfg=dict(
        augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]
    )
)
optim_wrapper = dict(clip_grad=dict(max_norm=5.0))
