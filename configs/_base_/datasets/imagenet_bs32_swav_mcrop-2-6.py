"""ImageNet-1k, two large and six small crops, 32 images a GPU."""

_base_ = 'imagenet_bs32_mocov2.py'

strong = dict(brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2)
view_pipeline = [
    dict(
        type='RandomApply',
        transforms=[dict({{_base_.jitter}}, **strong)],
        prob=0.8,
    ),
    {{_base_.grey}},
    dict({{_base_.blur}}, prob=0.5),
    dict(type='RandomFlip', prob=0.5),
]
crop = dict(type='RandomResizedCrop', backend='pillow')
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiView',
        num_views=[2, 6],
        transforms=[
            [dict(crop, scale=224, crop_ratio_range=(0.14, 1.0)), *view_pipeline],
            [dict(crop, scale=96, crop_ratio_range=(0.05, 0.14)), *view_pipeline],
        ],
    ),
    dict(type='PackInputs'),
]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
