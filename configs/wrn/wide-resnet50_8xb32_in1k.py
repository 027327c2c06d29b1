"""Wide ResNet-50-2 on ImageNet-1k, 8 GPUs of 32 images.

Paper: Wide Residual Networks,
BMVC 2016, https://arxiv.org/abs/1605.07146

Expected: 78.48 % top-1 after 100 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/wrn/wide-resnet50_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/wide-resnet50.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]
