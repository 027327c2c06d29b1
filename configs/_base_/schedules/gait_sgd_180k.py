"""SGD for 180,000 iterations, with three steps of the learning rate."""

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4)
)
param_scheduler = dict(
    type='MultiStepLR', by_epoch=False, milestones=[80000, 120000, 150000], gamma=0.1
)

train_cfg = dict(by_epoch=False, max_iters=180000, val_interval=10000)
val_cfg = dict()
test_cfg = dict()
