"""A narrow GaitBase on drawn walkers: gait recognition without a download.

Paper: OpenGait: Revisiting Gait Recognition Toward Better Practicality, CVPR 2023,
https://arxiv.org/abs/2211.06597

    python tools/train.py configs/gait/gaitbase_tiny_1xb32-250i_walkers.py
"""

_base_ = ['../_base_/datasets/walkers.py', '../_base_/default_runtime.py']

model = dict(
    type='GaitBase',
    backbone_cfg=dict(
        type='ResNet9',
        channels=[16, 32, 64, 64],
        layers=[1, 1, 1, 1],
        strides=[2, 2, 1, 1],
    ),
    SeparateFCs=dict(in_channels=64, out_channels=32, parts_num=16),
    SeparateBNNecks=dict(class_num=60, in_channels=32, parts_num=16),
    bin_num=[16],
    loss_cfg=[
        dict(type='TripletLoss', margin=0.2, log_prefix='triplet'),
        dict(type='PartCrossEntropyLoss', scale=16, log_prefix='softmax'),
    ],
)

train_cfg = dict(by_epoch=False, max_iters=250, val_interval=250)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4)
)
param_scheduler = dict(
    type='MultiStepLR', by_epoch=False, milestones=[150, 220], gamma=0.1
)
default_hooks = dict(
    logger=dict(interval=25), checkpoint=dict(by_epoch=False, interval=250)
)
randomness = dict(seed=0)
