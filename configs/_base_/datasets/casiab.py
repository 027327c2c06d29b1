"""CASIA-B silhouettes: 74 identities to train on, 50 to test, 8 x 16 walks."""

dataset_type = 'GaitDataset'
data_preprocessor = dict(type='GaitDataPreprocessor')
data_root = 'data/casiab'
ann_file = 'data/casiab/CASIA-B.json'

train_pipeline = [
    dict(type='LoadSequence'),
    dict(type='SilhouetteCut'),
    dict(type='SampleFrames', sample_type='fixed_unordered', frames_num_fixed=30),
    dict(type='RandomRotate', prob=0.3),
    dict(
        type='RandomErasing',
        erase_prob=0.3,
        min_area_ratio=0.05,
        max_area_ratio=0.2,
        fill_color=0,
    ),
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
    batch_sampler=dict(type='PKSampler', num_identities=8, num_instances=16),
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

val_evaluator = dict(type='CrossViewRank', protocol='CASIA-B')
test_evaluator = val_evaluator
