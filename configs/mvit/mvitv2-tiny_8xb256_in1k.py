"""MViTv2 on ImageNet-1k, 8 GPUs of 256 images.

Paper: MViTv2: Improved Multiscale Vision Transformers for Classification and
Detection,
CVPR 2022, https://arxiv.org/abs/2112.01526

Expected: 82.33 % top-1, 96.15 % top-5 is published by
mmpretrain, whose schedule differs in warm-up and weight decay.

    bash tools/dist_train.sh configs/mvit/mvitv2-tiny_8xb256_in1k.py 8
"""

_base_ = [
    '../_base_/models/mvitv2-tiny.py',
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
optim_wrapper = dict(optimizer=dict(lr=0.00025), clip_grad=dict(max_norm=1.0))
