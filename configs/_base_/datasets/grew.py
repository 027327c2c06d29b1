"""GREW silhouettes: 20,000 identities to train on, 6,000 to test, 32 x 4 walks."""

dataset_type = 'GaitDataset'
data_preprocessor = dict(type='GaitDataPreprocessor')
data_root = 'data/grew'
ann_file = 'data/grew/GREW.json'

train_pipeline = [
    dict(type='LoadSequence'),
    dict(
        type='SampleFrames',
        sample_type='unfixed_unordered',
        frames_num_min=20,
        frames_num_max=40,
    ),
    dict(type='RandomPerspective', prob=0.2),
    dict(type='SilhouetteCut'),
    dict(type='RandomFlip', prob=0.2),
    dict(type='RandomRotate', prob=0.2),
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
    batch_sampler=dict(type='PKSampler', num_identities=32, num_instances=4),
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

val_evaluator = dict(
    type='GaitRetrieval', protocol=dict(gallery=['0[12]'], probe=dict(probe=['03']))
)
test_evaluator = val_evaluator
