"""GaitSet with the widths of its paper."""

model = dict(
    type='GaitSet',
    in_channels=[1, 32, 64, 128],
    SeparateFCs=dict(in_channels=128, out_channels=256, parts_num=62),
    bin_num=[16, 8, 4, 2, 1],
    loss_cfg=[dict(type='TripletLoss', margin=0.2, log_prefix='triplet')],
)
