_base_ = 'runtime.py'

model = dict(
    type='MyOneBox',
    backbone=dict(type='MyStem'),
    data_preprocessor=dict(mean=[60.0] * 3, std=[60.0] * 3),
)
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='Bars',
        pipeline=[
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackInputs', algorithm_keys=['gt_bboxes_labels']),
        ],
    ),
)
val_dataloader = dict(
    batch_size=5,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='Bars',
        seed=1,
        pipeline=[dict(type='PackInputs', algorithm_keys=['gt_bboxes_labels'])],
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='VOCMetric', iou_thrs=0.3)
test_evaluator = val_evaluator
