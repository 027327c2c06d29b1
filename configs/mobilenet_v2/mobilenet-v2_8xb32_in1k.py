"""MobileNetV2 on ImageNet-1k, 8 GPUs of 32 images.

Paper: MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018,
https://arxiv.org/abs/1801.04381

Expected: 71.86 % top-1 after 300 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/mobilenet_v2/mobilenet-v2_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/mobilenet_v2_1x.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs256_epochstep.py',
    '../_base_/default_runtime.py',
]
