"""SimCLR of a ResNet-18."""

model = dict(
    type='SimCLR',
    backbone=dict(type='ResNet', depth=18, zero_init_residual=True),
    neck=dict(
        type='NonLinearNeck', in_channels=512, hid_channels=512, out_channels=128
    ),
    head=dict(
        type='ContrastiveHead', loss=dict(type='CrossEntropyLoss'), temperature=0.2
    ),
)
