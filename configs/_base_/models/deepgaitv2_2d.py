"""DeepGaitV2 of frames in no order; a recipe states the number of classes."""

model = dict(
    type='DeepGaitV2',
    Backbone=dict(
        mode='2d', in_channels=1, layers=[1, 1, 1, 1], channels=[64, 128, 256, 512]
    ),
    SeparateBNNecks=dict(class_num=74),
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
