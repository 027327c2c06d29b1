"""GREW silhouettes: 20,000 identities to train on, 6,000 to test, 32 x 4 walks."""

_base_ = './gait3d.py'

data_root = 'data/grew'
ann_file = 'data/grew/GREW.json'
place = dict(data_root=data_root, ann_file=ann_file)
train_pipeline = {{_base_.train_pipeline}}
train_pipeline[1].update(frames_num_min=20, frames_num_max=40)

train_dataloader = dict(dataset=dict(pipeline=train_pipeline, **place))
val_dataloader = dict(dataset=place)
test_dataloader = dict(dataset=place)

val_evaluator = dict(protocol=dict(gallery=['0[12]'], probe=dict(probe=['03'])))
test_evaluator = val_evaluator
