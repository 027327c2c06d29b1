"""ResNet-50 for 32x32 images."""

_base_ = ['resnet18_cifar.py']

model = dict(backbone=dict(depth=50), head=dict(in_channels=2048))
