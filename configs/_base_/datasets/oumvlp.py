"""OUMVLP silhouettes: 5,153 identities to train on, 5,154 to test, 32 x 8 walks."""

dataset_type = 'GaitDataset'
data_preprocessor = dict(type='GaitDataPreprocessor')
data_root = 'data/oumvlp'
ann_file = 'data/oumvlp/OUMVLP.json'

train_pipeline = [
    dict(type='LoadSequence'),
    dict(type='SilhouetteCut'),
    dict(type='SampleFrames', sample_type='fixed_unordered', frames_num_fixed=30),
    dict(type='PackInputs', input_key='sils', meta_keys=('subject', 'type', 'view')),
]
test_pipeline = [
    dict(type='LoadSequence'),
    dict(type='SilhouetteCut'),
    dict(type='SampleFrames', sample_type='all_ordered', frames_all_limit=720),
    dict(type='PackInputs', input_key='sils', meta_keys=('subject', 'type', 'view')),
]

train_dataloader = dict(
    num_workers=4,
    batch_sampler=dict(type='PKSampler', num_identities=32, num_instances=8),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=ann_file,
        split='train',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=ann_file,
        split='test',
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='CrossViewRank', protocol='OUMVLP')
test_evaluator = val_evaluator
