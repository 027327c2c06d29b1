"""Made-up pairs of 64x160 px, 192 to train with and 24 held out, 8 a GPU."""

pack = dict(
    type='PackInputs', input_key=['ref_img', 'tgt_img'], meta_keys=['sample_idx']
)
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    dataset=dict(
        type='StereoScenes',
        split='train',
        num_scenes=192,
        pipeline=[
            dict(type='SwapFlip', prob=0.5),
            dict(type='RandomFlip', prob=0.5, direction='vertical'),
            pack,
        ],
    ),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    dataset=dict(type='StereoScenes', split='test', num_scenes=24, pipeline=[pack]),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='DisparityMetric', max_disp=32)
test_dataloader = val_dataloader
test_evaluator = val_evaluator
