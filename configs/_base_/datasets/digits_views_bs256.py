"""1,797 handwritten digits at 16x16, two views of each, 256 images a GPU."""

dataset_type = 'Digits'

data_preprocessor = dict(mean=[77.7, 77.7, 77.7], std=[82.4, 82.4, 82.4], to_rgb=False)

# As hands differ, and not as photographs do: a small crop or a flip is another digit.
view_pipeline = [
    dict(type='ElasticDistortion', std=0.04),
    dict(
        type='RandomAffine',
        max_rotate_degree=15.0,
        max_translate_ratio=0.08,
        scaling_ratio_range=(0.8, 1.15),
        max_shear_degree=10.0,
        pad_val=0,
    ),
    dict(type='ColorJitter', brightness=0.3),
    dict(type='GaussianNoise', sigma=0.03),
]
train_pipeline = [
    dict(type='MultiView', num_views=2, transforms=[view_pipeline]),
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
