"""ShuffleNetV2 on ImageNet-1k, 16 GPUs of 64 images.

Paper: ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design,
ECCV 2018, https://arxiv.org/abs/1807.11164

Expected: 69.55 % top-1 after 300 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/shufflenet_v2/shufflenet-v2-1x_16xb64_in1k.py 16
"""

_base_ = [
    '../_base_/models/shufflenet_v2_1x.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs1024_linearlr_bn_nowd.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=64)
