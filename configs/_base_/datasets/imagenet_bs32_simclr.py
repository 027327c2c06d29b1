"""ImageNet-1k, two views as SimCLR makes them, 32 images a GPU."""

_base_ = 'imagenet_bs32_mocov2.py'

strong = dict(brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2)
view_pipeline = [
    dict(type='RandomResizedCrop', scale=224, backend='pillow'),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='RandomApply',
        transforms=[dict({{_base_.jitter}}, **strong)],
        prob=0.8,
    ),
    {{_base_.grey}},
    dict({{_base_.blur}}, prob=0.5),
]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='MultiView', num_views=2, transforms=[view_pipeline]),
    dict(type='PackInputs'),
]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
