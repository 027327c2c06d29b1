"""Digits 0 to 5, turned and mirrored, to learn from at 16x16; 6 to 9 to look up."""

_base_ = 'digits_augmentations.py'

data_preprocessor = dict(
    num_classes=48, mean=[77.7, 77.7, 77.7], std=[82.4, 82.4, 82.4], to_rgb=False
)

test_pipeline = [dict(type='PackInputs')]
train_pipeline = [*_base_.augmentations, dict(type='PackInputs')]

train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    dataset=dict(type='TurnedDigits', size=16, pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
gallery_dataloader = dict(
    batch_size=512,
    num_workers=0,
    dataset=dict(
        type='DigitsRetrieval', split='gallery', size=16, pipeline=test_pipeline
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_dataloader = dict(
    batch_size=512,
    num_workers=0,
    dataset=dict(
        type='DigitsRetrieval', split='query', size=16, pipeline=test_pipeline
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_cfg = dict()
val_evaluator = [
    dict(type='RetrievalRecall', topk=(1, 5)),
    dict(type='RetrievalAveragePrecision', topk=100),
]

test_dataloader = val_dataloader
test_cfg = val_cfg
test_evaluator = val_evaluator
