"""EVA-02 on ImageNet-1k, 8 GPUs of 64 images.

Paper: EVA-02: A Visual Representation for Neon Genesis,
arXiv 2023, https://arxiv.org/abs/2303.11331

Expected: 80.69 % top-1, 95.54 % top-5 is published by
mmpretrain, with weights pre-trained on ImageNet-21k.

    bash tools/dist_train.sh configs/eva02/eva02-tiny-p14_8xb64_in1k-336px.py 8
"""

_base_ = [
    '../_base_/models/eva02-tiny-p14.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

_base_.train_dataloader.dataset.pipeline[1].scale = 336
for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 336
    loader.dataset.pipeline[2].crop_size = 336
model = dict(
    train_cfg=dict(
        augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]
    )
)
optim_wrapper = dict(optimizer=dict(lr=0.0015))
