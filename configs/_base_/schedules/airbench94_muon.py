"""Muon for the kernels, SGD for the rest, for 8 epochs; for a batch of 2000.

The loss is a mean, so that the published rates of SGD are multiplied with 2000.
"""

optim_wrapper = dict(
    constructor='MuonOptimWrapperConstructor',
    optimizer=dict(
        type='Muon',
        lr=0.24,
        momentum=0.6,
        weight_decay=0.0,
        ns_steps=3,
        adjust_lr_fn='none',
        normalize=True,
    ),
    paramwise_cfg=dict(
        others=dict(
            type='SGD',
            lr=0.053 * 2000,
            momentum=0.85,
            nesterov=True,
            weight_decay=2e-6 / 0.053,
        ),
        custom_keys=dict(
            head=dict(muon=False, lr_mult=0.67 / 0.053, decay_mult=0.053 / 0.67)
        ),
    ),
)
param_scheduler = dict(type='TriangularLR', by_epoch=False, peak=0.0, end_factor=0.0)

custom_hooks = [
    dict(type='PatchWhiteningHook', num_images=5000),
    dict(type='FreezeAfterHook', params='backbone.whiten.bias', epochs=3),
]

train_cfg = dict(by_epoch=True, max_epochs=8, val_interval=8)
val_cfg = dict()
test_cfg = dict()
