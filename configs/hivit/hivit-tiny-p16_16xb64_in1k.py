"""HiViT on ImageNet-1k, 16 GPUs of 64 images.

Paper: HiViT: A Simple and More Efficient Design of Hierarchical Vision Transformer,
ICLR 2023, https://arxiv.org/abs/2205.14949

Expected: 82.1 % top-1 is published by
mmpretrain.

    bash tools/dist_train.sh configs/hivit/hivit-tiny-p16_16xb64_in1k.py 16
"""

_base_ = [
    '../_base_/models/hivit-tiny-p16.py',
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
