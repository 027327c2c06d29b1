"""Your own pairs of a left and a right view, crops of 256x512, 4 pairs a GPU."""

pack = dict(type='PackInputs', input_key=['ref_img', 'tgt_img'])
load = [
    dict(type='LoadImageFromFile', keys=['ref_img', 'tgt_img']),
    dict(type='LoadDisparity'),
]
train_pipeline = [
    *load,
    dict(type='RandomCrop', crop_size=(256, 512), pad_if_needed=True),
    pack,
]
test_pipeline = [*load, pack]

train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    dataset=dict(type='StereoDataset', data_root='data/pairs', pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    dataset=dict(type='StereoDataset', data_root='data/pairs', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='DisparityMetric', max_disp=192)
