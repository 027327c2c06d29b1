"""How digits differ from hand to hand: a small crop or a flip is another digit."""

augmentations = [
    dict(type='ElasticDistortion', std=0.04),
    dict(
        type='RandomAffine',
        max_rotate_degree=15.0,
        max_translate_ratio=0.08,
        scaling_ratio_range=(0.8, 1.15),
        max_shear_degree=10.0,
        pad_val=0,
    ),
    dict(type='ColorJitter', brightness=0.3),
    dict(type='GaussianNoise', sigma=0.03),
]
