_base_ = 'runtime.py'

views = ['ref_img', 'tgt_img']
model = dict(
    type='MyPairs',
    max_disp=8,
    data_preprocessor=dict(
        type='StereoDataPreprocessor',
        pad_size_divisor=8,
        mean=[127.5] * 3,
        std=[127.5] * 3,
    ),
)
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='Pairs',
        pipeline=[
            dict(type='RandomCrop', crop_size=16),
            dict(type='RandomFlip', prob=0.5, direction='vertical'),
            dict(type='PackInputs', input_key=views),
        ],
    ),
)
val_dataloader = dict(
    batch_size=3,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='Pairs', pipeline=[dict(type='PackInputs', input_key=views)]),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='DisparityMetric')
test_evaluator = val_evaluator
