"""DeiT III on ImageNet-1k, 64 GPUs of 64 images.

Paper: DeiT III: Revenge of the ViT,
ECCV 2022, https://arxiv.org/abs/2204.07118

Expected: 81.35 % top-1, 95.31 % top-5 is published by
mmpretrain, whose schedule differs in warm-up and weight decay.

    bash tools/dist_train.sh configs/deit3/deit3-small-p16_64xb64_in1k.py 64
"""

_base_ = [
    '../_base_/models/deit3-small-p16.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 224

train_dataloader = dict(batch_size=64)
model = dict(
    train_cfg=dict(
        augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]
    )
)
