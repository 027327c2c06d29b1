"""XCiT on ImageNet-1k, 8 GPUs of 128 images.

Paper: XCiT: Cross-Covariance Image Transformers,
NeurIPS 2021, https://arxiv.org/abs/2106.09681

Expected: 70.35 % top-1, 89.98 % top-5 is published by
mmpretrain.

    bash tools/dist_train.sh configs/xcit/xcit-nano-12-p16_8xb128_in1k.py 8
"""

_base_ = [
    '../_base_/models/xcit-nano-12-p16.py',
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
