"""SceneFlow, crops of 256x512, 4 pairs a GPU."""

pack = dict(type='PackInputs', input_key=['ref_img', 'tgt_img'])
load = [
    dict(type='LoadImageFromFile', keys=['ref_img', 'tgt_img']),
    dict(type='LoadDisparity', zero_is_known=True),
]
train_pipeline = [
    *load,
    dict(type='RandomCrop', crop_size=(256, 512), pad_if_needed=True),
    pack,
]
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    dataset=dict(
        type='SceneFlow',
        data_root='data/sceneflow',
        split='train',
        pipeline=train_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    dataset=dict(
        type='SceneFlow',
        data_root='data/sceneflow',
        split='test',
        pipeline=[*load, pack],
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='DisparityMetric', max_disp=192)
test_dataloader = val_dataloader
test_evaluator = val_evaluator
