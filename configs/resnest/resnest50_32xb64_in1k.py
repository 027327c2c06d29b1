"""ResNeSt-50 on ImageNet-1k, 32 GPUs of 64 images.

Paper: ResNeSt: Split-Attention Networks,
CVPR workshops 2022, https://arxiv.org/abs/2004.08955

Expected: 81.13 % top-1, the figure of the authors' weights, converted by
mmpretrain. Theirs had other operations of RandAugment, and changed colours.

    bash tools/dist_train.sh configs/resnest/resnest50_32xb64_in1k.py 32
"""

_base_ = [
    '../_base_/models/resnest50.py',
    '../_base_/datasets/imagenet_bs32.py',
    '../_base_/schedules/imagenet_bs256_coslr.py',
    '../_base_/default_runtime.py',
]

_base_.train_pipeline[1:2] = [
    dict(
        type='RandAugment',
        policies='timm_increasing',
        num_policies=2,
        magnitude_level=9,
    ),
    dict(type='EfficientNetRandomCrop', scale=224),
]
_base_.test_pipeline[1:3] = [dict(type='EfficientNetCenterCrop', crop_size=256)]

train_dataloader = dict(batch_size=64, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(batch_size=64, dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader

optim_wrapper = dict(
    optimizer=dict(lr=0.8), paramwise_cfg=dict(bias_decay_mult=0, norm_decay_mult=0)
)
param_scheduler = dict(T_max=270, end=270)
train_cfg = dict(max_epochs=270)
auto_scale_lr = dict(base_batch_size=2048)
