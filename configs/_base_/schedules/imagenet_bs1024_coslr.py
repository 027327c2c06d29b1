"""SGD for 100 epochs, warm-up and cosine; for a batch of 1024."""

_base_ = './imagenet_bs256_coslr.py'

optim_wrapper = dict(optimizer=dict(lr=0.8, weight_decay=5e-5))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=5),
    dict(type='CosineAnnealingLR', T_max=95, by_epoch=True, begin=5, end=100),
]

auto_scale_lr = dict(base_batch_size=1024)
