"""SimSiam on ImageNet.

Paper: Exploring Simple Siamese Representation Learning,
https://arxiv.org/abs/2011.10566

Expected: 68.3 % top-1 of a linear classifier on its features, as mmpretrain
reports; not trained here.

    tools/dist_train.sh configs/simsiam/simsiam_resnet50_8xb32-coslr-100e_in1k.py 8
"""

_base_ = [
    '../_base_/models/simsiam_resnet50.py',
    '../_base_/datasets/imagenet_bs32_mocov2.py',
    '../_base_/schedules/imagenet_sgd_coslr_200e.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(
    optimizer=dict(lr=0.05),
    paramwise_cfg=dict(custom_keys={'predictor': dict(fix_lr=True)}),
)
param_scheduler = [dict(type='CosineAnnealingLR', T_max=100, end=100)]
train_cfg = dict(max_epochs=100)

custom_hooks = [dict(type='SimSiamHook', priority='HIGH', fix_pred_lr=True, lr=0.05)]
default_hooks = dict(checkpoint=dict(interval=10))
