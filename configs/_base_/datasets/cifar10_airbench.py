"""CIFAR-10 as airbench has it; six views of each image in a test with --tta."""

dataset_type = 'CIFAR10'
data_root = 'data/cifar10'

# The images are stored as RGB.
data_preprocessor = dict(
    num_classes=10,
    mean=[125.307, 122.95, 113.865],
    std=[62.993, 62.089, 66.705],
    to_rgb=False,
)

train_pipeline = [
    dict(type='RandomCrop', crop_size=32, padding=2, padding_mode='reflect'),
    dict(type='AlternatingFlip'),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='PackInputs')]

# The images live on the device; the training ones are augmented there in batches.
train_dataloader = dict(
    batch_size=1024,
    in_memory=True,
    drop_last=True,
    dataset=dict(
        type=dataset_type, data_root=data_root, split='train', pipeline=train_pipeline
    ),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=1000,
    in_memory=True,
    dataset=dict(
        type=dataset_type, data_root=data_root, split='test', pipeline=test_pipeline
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='Accuracy', topk=(1,))

# The views of a test with --tta are made by the pipeline.
test_dataloader = dict(val_dataloader, in_memory=False, num_workers=2)
test_evaluator = val_evaluator

# The image, and the image moved by a pixel to either corner; each also mirrored.
tta_pipeline = [
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='Shift'),
                dict(type='Shift', x=1, y=1, padding_mode='reflect'),
                dict(type='Shift', x=-1, y=-1, padding_mode='reflect'),
            ],
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [dict(type='PackInputs')],
        ],
    )
]
tta_model = dict(type='AverageClsLogitTTA', weights=[2, 2, 1, 1, 1, 1])
