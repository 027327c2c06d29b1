"""Gait3D silhouettes: 3,000 identities to train on, 1,000 to test, 32 x 4 walks."""

dataset_type = 'GaitDataset'
data_preprocessor = dict(type='GaitDataPreprocessor')
data_root = 'data/gait3d'
ann_file = 'data/gait3d/Gait3D.json'

train_pipeline = [
    dict(type='LoadSequence'),
    dict(
        type='SampleFrames',
        sample_type='unfixed_unordered',
        frames_num_min=10,
        frames_num_max=50,
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

val_evaluator = dict(type='GaitRetrieval')
test_evaluator = val_evaluator
