"""Twins on ImageNet-1k, 8 GPUs of 128 images.

Paper: Twins: Revisiting the Design of Spatial Attention in Vision Transformers,
NeurIPS 2021, https://arxiv.org/abs/2104.13840

Expected: 81.14 % top-1, 95.69 % top-5 is published by
mmpretrain, whose schedule differs in warm-up and weight decay.

    bash tools/dist_train.sh configs/twins/twins-pcpvt-small_8xb128_in1k.py 8
"""

_base_ = [
    '../_base_/models/twins-pcpvt-small.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=128)
model = dict(
    train_cfg=dict(
        augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]
    )
)
optim_wrapper = dict(clip_grad=dict(max_norm=5.0))
