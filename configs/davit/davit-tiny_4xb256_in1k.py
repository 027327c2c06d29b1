"""DaViT on ImageNet-1k, 4 GPUs of 256 images.

Paper: DaViT: Dual Attention Vision Transformers,
ECCV 2022, https://arxiv.org/abs/2204.03645

Expected: 82.24 % top-1, 96.13 % top-5 is published by
mmpretrain.

    bash tools/dist_train.sh configs/davit/davit-tiny_4xb256_in1k.py 4
"""

_base_ = [
    '../_base_/models/davit-tiny.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 236

train_dataloader = dict(batch_size=256)
model = dict(
    train_cfg=dict(
        augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]
    )
)
