"""LeViT on ImageNet-1k, 8 GPUs of 256 images.

Paper: LeViT: a Vision Transformer in ConvNet's Clothing for Faster Inference,
ICCV 2021, https://arxiv.org/abs/2104.01136

Expected: 76.51 % top-1, 92.9 % top-5 is published by
mmpretrain, whose schedule differs in warm-up and weight decay.

    bash tools/dist_train.sh configs/levit/levit-128s_8xb256_in1k.py 8
"""

_base_ = [
    '../_base_/models/levit-128s.py',
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
optim_wrapper = dict(optimizer=dict(lr=0.002))
train_cfg = dict(max_epochs=1000)
