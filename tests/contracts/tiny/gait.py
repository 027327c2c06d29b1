"""Small gait networks."""

from __future__ import annotations

GAIT_LOSSES = [
    dict(type='TripletLoss', margin=5.0, log_prefix='triplet'),
    dict(type='PartCrossEntropyLoss', log_prefix='softmax'),
]

GAIT_BASE = dict(
    backbone_cfg=dict(type='ResNet9', channels=[4, 8], layers=[1, 1], strides=[1, 2]),
    SeparateFCs=dict(in_channels=8, out_channels=6, parts_num=4),
    SeparateBNNecks=dict(class_num=5, in_channels=6, parts_num=4),
    bin_num=[4],
    loss_cfg=GAIT_LOSSES,
)
