"""VGG-16 with batch norms on ImageNet-1k, 8 GPUs of 32 images.

Paper: Very Deep Convolutional Networks for Large-Scale Image Recognition,
ICLR 2015, https://arxiv.org/abs/1409.1556

Expected: 73.74 % top-1 after 100 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/vgg/vgg16bn_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/vgg16bn.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]
