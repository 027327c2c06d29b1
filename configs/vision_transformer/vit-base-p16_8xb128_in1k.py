"""ViT-B/16 on ImageNet-1k from scratch, 8 GPUs of 128 images.

Paper: An Image is Worth 16x16 Words, ICLR 2021, https://arxiv.org/abs/2010.11929

Expected: no figure yet.

    bash tools/dist_train.sh configs/vision_transformer/vit-base-p16_8xb128_in1k.py 8
"""

_base_ = [
    '../_base_/models/vit-base-p16.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(drop_path_rate=0.1),
    train_cfg=dict(
        augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]
    ),
)
train_dataloader = dict(batch_size=128)
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))
