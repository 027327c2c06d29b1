"""SE-ResNet-50 on ImageNet-1k, 8 GPUs of 32 images.

Paper: Squeeze-and-Excitation Networks, CVPR 2018,
https://arxiv.org/abs/1709.01507

Expected: 77.74 % top-1 after 140 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/seresnet/seresnet50_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(type='SEResNet'))

param_scheduler = dict(milestones=[40, 80, 120])
train_cfg = dict(max_epochs=140)
