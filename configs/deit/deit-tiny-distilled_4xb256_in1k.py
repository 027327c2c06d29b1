"""DeiT on ImageNet-1k, 4 GPUs of 256 images.

Paper: Training data-efficient image transformers & distillation through attention,
ICML 2021, https://arxiv.org/abs/2012.12877

Expected: 74.51 % top-1, 91.9 % top-5 is published by
mmpretrain.

    bash tools/dist_train.sh configs/deit/deit-tiny-distilled_4xb256_in1k.py 4
"""

_base_ = [
    '../_base_/models/deit-tiny-distilled.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=256)
model = dict(
    train_cfg=dict(
        augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]
    )
)
optim_wrapper = dict(clip_grad=dict(max_norm=5.0))
