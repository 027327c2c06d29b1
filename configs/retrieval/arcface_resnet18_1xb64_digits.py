"""ArcFace retrieval of handwritten digits that were not seen in training.

Paper: ArcFace: Additive Angular Margin Loss for Deep Face Recognition, CVPR 2019,
https://arxiv.org/abs/1801.07698

Learns from the digits 0 to 5, and looks up images of 6 to 9.

    python tools/train.py configs/retrieval/arcface_resnet18_1xb64_digits.py
"""

_base_ = ['../_base_/default_runtime.py']

test_pipeline = [dict(type='PackInputs')]
train_pipeline = [
    dict(type='RandomCrop', crop_size=16, padding=2),
    dict(type='Rotate', angle=15.0, prob=0.5, random_negative_prob=0.5),
    dict(type='PackInputs'),
]


train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    dataset=dict(
        type='DigitsRetrieval', split='train', size=16, pipeline=train_pipeline
    ),
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

model = dict(
    type='ImageToImageRetriever',
    image_encoder=[
        dict(type='ResNet_CIFAR', depth=18, stem_channels=16, base_channels=16),
        dict(type='GlobalAveragePooling'),
    ],
    head=dict(
        type='ArcFaceClsHead', num_classes=6, in_channels=128, scale=16.0, margins=0.3
    ),
    prototype=gallery_dataloader,
    data_preprocessor=dict(
        num_classes=10, mean=[77.7, 77.7, 77.7], std=[82.4, 82.4, 82.4], to_rgb=False
    ),
)

optim_wrapper = dict(optimizer=dict(type='AdamW', lr=0.002, weight_decay=0.05))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=1, end=20, convert_to_iter_based=True),
]
train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=5)
custom_hooks = [dict(type='PrepareProtoBeforeValLoopHook')]

default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=20))
randomness = dict(seed=0)
