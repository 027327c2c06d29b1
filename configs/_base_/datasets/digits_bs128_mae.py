"""1,797 handwritten digits at 16x16, augmented for MAE, 128 images a GPU."""

_base_ = 'digits_bs32.py'

data_preprocessor = dict(_delete_=True, mean=[77.7] * 3, std=[82.4] * 3, to_rgb=False)

# As hands differ, so that 1,438 images can be learned from for long.
train_pipeline = [
    dict(type='ElasticDistortion', std=0.03),
    dict(
        type='RandomAffine',
        max_rotate_degree=15.0,
        max_translate_ratio=0.06,
        scaling_ratio_range=(0.85, 1.15),
        max_shear_degree=10.0,
        pad_val=0,
    ),
    dict(type='ColorJitter', brightness=0.2),
    dict(type='PackInputs'),
]
train_dataloader = dict(batch_size=128, dataset=dict(size=16, pipeline=train_pipeline))
val_dataloader = test_dataloader = dict(dataset=dict(size=16))
val_evaluator = test_evaluator = dict(_delete_=True, type='KNNAccuracy', k=5)
