"""1,797 handwritten digits at 16x16, two views of each, 256 images a GPU."""

_base_ = 'digits_augmentations.py'

dataset_type = 'Digits'

data_preprocessor = dict(mean=[77.7, 77.7, 77.7], std=[82.4, 82.4, 82.4], to_rgb=False)

train_pipeline = [
    dict(type='MultiView', num_views=2, transforms=[_base_.augmentations]),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='PackInputs')]

train_dataloader = dict(
    batch_size=256,
    num_workers=0,
    drop_last=True,
    dataset=dict(type=dataset_type, split='train', size=16, pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=512,
    num_workers=0,
    dataset=dict(type=dataset_type, split='test', size=16, pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_cfg = dict()
val_evaluator = dict(type='KNNAccuracy', k=5)

test_dataloader = val_dataloader
test_cfg = val_cfg
test_evaluator = val_evaluator
