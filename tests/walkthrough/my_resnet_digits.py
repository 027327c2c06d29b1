_base_ = 'configs/resnet18_digits.py'

custom_imports = dict(imports=['my_project'])

model = dict(
    backbone=dict(type='MyResNet_CIFAR'),
    neck=dict(type='MyGlobalAveragePooling'),
    head=dict(type='MyLinearClsHead'),
)
