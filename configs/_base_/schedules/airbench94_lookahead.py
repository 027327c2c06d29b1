"""SGD with lookahead for 476 iterations; for a batch of 1024.

That is 9.9 epochs of CIFAR-10. The rates are the published ones for a mean loss.
"""

optim_wrapper = dict(
    optimizer=dict(
        type='SGD', lr=1.5, momentum=0.85, nesterov=True, weight_decay=0.00133
    ),
    paramwise_cfg=dict(custom_keys=dict(norm=dict(lr_mult=64.0, decay_mult=1 / 64))),
)
param_scheduler = dict(
    type='TriangularLR', by_epoch=False, start_factor=0.2, peak=0.23, end_factor=0.07
)

custom_hooks = [
    dict(type='PatchWhiteningHook', num_images=5000),
    dict(type='FreezeAfterHook', params='backbone.whiten.bias', epochs=3),
    dict(type='LookaheadHook', interval=5, decay=0.95**5, power=3.0),
]

train_cfg = dict(by_epoch=False, max_iters=476, val_interval=476)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=1024)
