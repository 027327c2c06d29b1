"""SGD for 300 epochs; rate and weight decay fall as cosines; for a batch of 256."""

_base_ = './imagenet_bs256_coslr.py'

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.001,
        by_epoch=True,
        begin=0,
        end=5,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=295,
        eta_min=1e-6,
        by_epoch=True,
        begin=5,
        end=300,
    ),
    dict(
        type='CosineAnnealingParamScheduler',
        param_name='weight_decay',
        eta_min=1e-5,
        by_epoch=True,
        begin=0,
        end=300,
    ),
]

train_cfg = dict(max_epochs=300)
