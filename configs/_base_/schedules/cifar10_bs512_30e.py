"""SGD with one learning-rate cycle of 30 epochs; for a batch of 512."""

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.4, momentum=0.9, weight_decay=0.0005, nesterov=True)
)
param_scheduler = dict(
    type='TriangularLR', by_epoch=False, start_factor=0.1, peak=0.2, end_factor=0.0
)

train_cfg = dict(by_epoch=True, max_epochs=30, val_interval=1)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=512)
