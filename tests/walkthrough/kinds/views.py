_base_ = 'runtime.py'

augment = [
    dict(type='RandomFlip', prob=0.5),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4),
]
model = dict(
    type='MyAgreement',
    backbone=dict(type='MyStem'),
    neck=dict(type='GlobalAveragePooling'),
    data_preprocessor=dict(mean=[60.0] * 3, std=[60.0] * 3),
)
bars = dict(type='Bars', pipeline=[dict(type='PackInputs')])
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='Bars',
        pipeline=[
            dict(type='MultiView', num_views=2, transforms=[augment]),
            dict(type='PackInputs'),
        ],
    ),
)
val_dataloader = dict(
    batch_size=5,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(bars, seed=1),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='KNNAccuracy', k=3)
test_evaluator = val_evaluator
