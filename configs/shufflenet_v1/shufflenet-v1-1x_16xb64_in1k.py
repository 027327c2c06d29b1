"""ShuffleNetV1 (3 groups) on ImageNet-1k, 16 GPUs of 64 images.

Paper: ShuffleNet: An Extremely Efficient Convolutional Neural Network for
Mobile Devices, CVPR 2018, https://arxiv.org/abs/1707.01083

Expected: 68.13 % top-1 after 300 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/shufflenet_v1/shufflenet-v1-1x_16xb64_in1k.py 16
"""

_base_ = [
    '../_base_/models/shufflenet_v1_1x.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs1024_linearlr_bn_nowd.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=64)
