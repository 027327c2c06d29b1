"""T2T-ViT on ImageNet-1k, 8 GPUs of 64 images.

Paper: Tokens-to-Token ViT: Training Vision Transformers from Scratch on ImageNet,
ICCV 2021, https://arxiv.org/abs/2101.11986

Expected: 81.83 % top-1, 95.84 % top-5 is published by
mmpretrain, whose schedule differs in warm-up and weight decay.

    bash tools/dist_train.sh configs/t2t_vit/t2t-vit-t-14_8xb64_in1k.py 8
"""

_base_ = [
    '../_base_/models/t2t-vit-t-14.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 248

train_dataloader = dict(batch_size=64)
model = dict(
    train_cfg=dict(
        augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]
    )
)
optim_wrapper = dict(optimizer=dict(lr=0.0005))
train_cfg = dict(max_epochs=310)
