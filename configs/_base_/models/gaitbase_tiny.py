"""GaitBase with narrow maps, for drawn walkers on a CPU."""

model = dict(
    type='GaitBase',
    backbone_cfg=dict(
        type='ResNet9',
        channels=[8, 16, 32],
        layers=[1, 1, 1],
        strides=[1, 2, 1],
        maxpool=True,
    ),
    SeparateFCs=dict(in_channels=32, out_channels=32, parts_num=16),
    SeparateBNNecks=dict(class_num=60, in_channels=32, parts_num=16),
    bin_num=[16],
    loss_cfg=[
        dict(type='TripletLoss', margin=0.2, log_prefix='triplet'),
        dict(type='PartCrossEntropyLoss', scale=16, log_prefix='softmax'),
    ],
)
