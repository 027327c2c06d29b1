_base_ = 'runtime.py'

pack = dict(type='PackInputs', input_key='sils', meta_keys=('subject', 'type', 'view'))
model = dict(
    type='MyWalks',
    class_num=3,
    loss_cfg=dict(type='CrossEntropyLoss', log_prefix='softmax'),
    data_preprocessor=dict(type='GaitDataPreprocessor'),
)
train_dataloader = dict(
    num_workers=2,
    batch_sampler=dict(
        type='PKSampler', num_identities=2, num_instances=2, num_batches=4
    ),
    dataset=dict(
        type='Walks',
        pipeline=[
            dict(type='SampleFrames', sample_type='fixed_ordered', frames_num_fixed=4),
            pack,
        ],
    ),
)
val_dataloader = dict(
    batch_size=5,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='Walks', pipeline=[pack]),
)
test_dataloader = val_dataloader
val_evaluator = dict(
    type='GaitRetrieval',
    protocol=dict(gallery=['nm-01'], probe=dict(NM=['nm-02'])),
    topk=1,
)
test_evaluator = val_evaluator
