"""1,797 handwritten digits at 16x16, two views of each, 256 images a GPU."""

dataset_type = 'Digits'

data_preprocessor = dict(mean=[77.7, 77.7, 77.7], std=[82.4, 82.4, 82.4], to_rgb=False)

# As hands differ, and not as photographs do: a small crop or a flip is another digit.
warp = dict(magnitude_std='inf', prob=1.0, pad_val=0, interpolation='bilinear')
view_pipeline = [
    dict(type='ElasticDistortion', std=0.04),
    dict(type='Rotate', magnitude_range=(0, 15), **warp),
    dict(type='Shear', magnitude_range=(0, 0.15), **warp),
    dict(type='RandomCrop', crop_size=20, padding=3),
    dict(
        type='RandomResizedCrop',
        scale=16,
        crop_ratio_range=(0.7, 1.0),
        aspect_ratio_range=(0.85, 1.18),
    ),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3),
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
