"""GaitBase with the widths of its paper; a recipe states the number of classes."""

model = dict(
    type='GaitBase',
    backbone_cfg=dict(
        type='ResNet9',
        block='BasicBlock',
        channels=[64, 128, 256, 512],
        layers=[1, 1, 1, 1],
        strides=[1, 2, 2, 1],
        maxpool=False,
    ),
    SeparateFCs=dict(in_channels=512, out_channels=256, parts_num=16),
    SeparateBNNecks=dict(class_num=74, in_channels=256, parts_num=16),
    bin_num=[16],
    loss_cfg=[
        dict(type='TripletLoss', margin=0.2, log_prefix='triplet'),
        dict(
            type='PartCrossEntropyLoss',
            scale=16,
            log_accuracy=True,
            log_prefix='softmax',
        ),
    ],
)
