"""CUB-200-2011 at 224 pixels: 100 kinds to learn from, the other 100 to be looked up.

16 kinds of 4 images a GPU. Each image of the test looks for all the others.
"""

data_preprocessor = dict(
    num_classes=100,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224, crop_ratio_range=(0.2, 1.0)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=256),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs'),
]

dataset_type = 'CUBRetrieval'
data_root = 'data/CUB_200_2011'

train_dataloader = dict(
    num_workers=4,
    dataset=dict(
        type=dataset_type, data_root=data_root, split='train', pipeline=train_pipeline
    ),
    batch_sampler=dict(type='PKSampler', num_identities=16, num_instances=4),
)
gallery_dataloader = dict(
    batch_size=64,
    num_workers=4,
    dataset=dict(
        type=dataset_type, data_root=data_root, split='test', pipeline=test_pipeline
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_dataloader = gallery_dataloader
val_cfg = dict()
val_evaluator = [
    dict(type='RetrievalRecall', topk=(1, 2, 4, 8)),
    dict(type='RetrievalAveragePrecision', topk=100),
]

test_dataloader = val_dataloader
test_cfg = val_cfg
test_evaluator = val_evaluator
