"""SimCLR of a ResNet-18 for small images."""

_base_ = 'simclr_resnet18.py'

model = dict(backbone=dict(type='ResNet_CIFAR'))
