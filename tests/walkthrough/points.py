custom_imports = dict(imports=['my_points'])

model = dict(
    type='PointRegressor',
    backbone=dict(type='ResNet_CIFAR', depth=18, stem_channels=4, base_channels=4),
    data_preprocessor=dict(mean=[60.0] * 3, std=[60.0] * 3),
)
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='Corners',
        size=64,
        pipeline=[
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackInputs', algorithm_keys=['gt_points']),
        ],
    ),
)
val_dataloader = dict(
    batch_size=5,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='Corners',
        seed=1,
        size=12,
        pipeline=[dict(type='PackInputs', algorithm_keys=['gt_points'])],
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='PointDistance')
test_evaluator = val_evaluator
val_cfg = dict()
test_cfg = dict()
train_cfg = dict(by_epoch=True, max_epochs=12)
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=0.01))
default_hooks = dict(checkpoint=dict(save_best='points/distance', rule='less'))
randomness = dict(seed=0)
