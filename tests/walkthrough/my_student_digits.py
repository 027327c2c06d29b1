_base_ = 'my_resnet_digits.py'

model = dict(
    backbone=dict(stem_channels=8, base_channels=8),
    head=dict(
        in_channels=64, loss=dict(_delete_=True, type='MyL1Loss', loss_weight=1.0)
    ),
)

train_pipeline = [
    dict(type='TeacherScores', path='teacher.json'),
    *_base_.train_pipeline,
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
