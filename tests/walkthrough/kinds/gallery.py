_base_ = 'runtime.py'

pack = [dict(type='PackInputs')]
gallery = dict(
    batch_size=5,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='Bars', size=12, seed=2, pipeline=pack),
)
model = dict(
    type='ImageToImageRetriever',
    image_encoder=[dict(type='MyStem'), dict(type='GlobalAveragePooling')],
    head=dict(
        type='LinearClsHead',
        num_classes=3,
        in_channels=8,
        loss=dict(type='CrossEntropyLoss'),
    ),
    prototype=gallery,
    topk=4,
    data_preprocessor=dict(mean=[60.0] * 3, std=[60.0] * 3),
)
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='Bars', pipeline=[dict(type='RandomFlip', prob=0.5), *pack]),
)
val_dataloader = dict(
    batch_size=5,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='Queries', seed=1, pipeline=pack),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='RetrievalRecall', topk=(1, 4))
test_evaluator = val_evaluator
