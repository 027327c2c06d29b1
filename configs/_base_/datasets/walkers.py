"""Drawn walkers: 60 identities to train on, 20 others to test, 4 views."""

dataset_type = 'Walkers'
data_preprocessor = dict(type='GaitDataPreprocessor')

train_pipeline = [
    dict(type='SampleFrames', sample_type='fixed_unordered', frames_num_fixed=6),
    dict(type='PackInputs', input_key='sils', meta_keys=('subject', 'type', 'view')),
]
test_pipeline = [
    dict(type='SampleFrames', sample_type='all_ordered'),
    dict(type='PackInputs', input_key='sils', meta_keys=('subject', 'type', 'view')),
]

train_dataloader = dict(
    num_workers=0,
    batch_sampler=dict(type='PKSampler', num_identities=8, num_instances=4),
    dataset=dict(type=dataset_type, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type=dataset_type, split='test', pipeline=test_pipeline),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type='CrossViewRank',
    protocol=dict(
        gallery=['nm-0[1-3]'],
        probe=dict(NM=['nm-04'], BG=['bg-01'], CL=['cl-01']),
    ),
)
test_evaluator = val_evaluator
