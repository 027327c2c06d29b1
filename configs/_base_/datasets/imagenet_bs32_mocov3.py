"""ImageNet-1k, two views as MoCo v3 makes them for ViT, 32 images a GPU."""

_base_ = 'imagenet_bs32_mocov2.py'

view_pipeline = [
    dict(
        type='RandomResizedCrop',
        scale=224,
        crop_ratio_range=(0.08, 1.0),
        backend='pillow',
    ),
    dict(
        type='RandomApply',
        transforms=[dict({{_base_.jitter}}, saturation=0.2)],
        prob=0.8,
    ),
    {{_base_.grey}},
]
flip = dict(type='RandomFlip', prob=0.5)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiView',
        num_views=[1, 1],
        transforms=[
            [*view_pipeline, dict({{_base_.blur}}, prob=1.0), flip],
            [
                *view_pipeline,
                dict({{_base_.blur}}, prob=0.1),
                dict(type='Solarize', thr=128, prob=0.2),
                flip,
            ],
        ],
    ),
    dict(type='PackInputs'),
]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
