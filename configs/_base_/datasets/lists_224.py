"""Your own images of classes, named in lists, at 224x224, 32 images a GPU."""

_base_ = 'folder_224.py'

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CustomDataset',
        data_root='data/images',
        ann_file='train.txt',
        pipeline=_base_.train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CustomDataset',
        data_root='data/images',
        ann_file='val.txt',
        pipeline=_base_.test_pipeline,
    )
)
