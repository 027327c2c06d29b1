_base_ = 'configs/resnet18_digits.py'

custom_imports = dict(imports=['my_detection'])

data_preprocessor = dict(mean=[123.68, 116.779, 103.939], std=[1.0, 1.0, 1.0])
model = dict(
    backbone=dict(_delete_=True, type='InceptionV100'),
    head=dict(in_channels=24),
)
