"""Your own walks in folders identity/type/view, 8 identities x 4 walks a GPU."""

data_preprocessor = dict(type='GaitDataPreprocessor')

meta_keys = ('subject', 'type', 'view')
train_pipeline = [
    dict(type='LoadSequence'),
    dict(type='SilhouetteCut'),
    dict(type='SampleFrames', sample_type='fixed_unordered', frames_num_fixed=30),
    dict(type='RandomFlip', prob=0.2),
    dict(type='PackInputs', input_key='sils', meta_keys=meta_keys),
]
test_pipeline = [
    dict(type='LoadSequence'),
    dict(type='SilhouetteCut'),
    dict(type='SampleFrames', sample_type='all_ordered', frames_all_limit=720),
    dict(type='PackInputs', input_key='sils', meta_keys=meta_keys),
]

train_dataloader = dict(
    num_workers=4,
    batch_sampler=dict(type='PKSampler', num_identities=8, num_instances=4),
    dataset=dict(
        type='GaitDataset',
        data_root='data/walks',
        split='train',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='GaitDataset', data_root='data/walks', split='test', pipeline=test_pipeline
    ),
)
