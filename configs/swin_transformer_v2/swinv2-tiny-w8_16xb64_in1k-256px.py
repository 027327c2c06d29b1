"""Swin Transformer V2 on ImageNet-1k, 16 GPUs of 64 images.

Paper: Swin Transformer V2: Scaling Up Capacity and Resolution,
CVPR 2022, https://arxiv.org/abs/2111.09883

Expected: 81.76 % top-1, 95.87 % top-5 is published by
mmpretrain.

    bash tools/dist_train.sh \\
        configs/swin_transformer_v2/swinv2-tiny-w8_16xb64_in1k-256px.py 16
"""

_base_ = [
    '../_base_/models/swinv2-tiny-w8.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

_base_.train_dataloader.dataset.pipeline[1].scale = 256
for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 292
    loader.dataset.pipeline[2].crop_size = 256
model = dict(
    train_cfg=dict(
        augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]
    )
)
