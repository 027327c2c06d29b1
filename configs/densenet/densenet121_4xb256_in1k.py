"""DenseNet-121 on ImageNet-1k, 4 GPUs of 256 images.

Paper: Densely Connected Convolutional Networks,
CVPR 2017, https://arxiv.org/abs/1608.06993

Expected: 74.96 % top-1 after 90 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/densenet/densenet121_4xb256_in1k.py 4
"""

_base_ = [
    '../_base_/models/densenet121.py',
    '../_base_/datasets/imagenet_bs32.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=256)
train_cfg = dict(max_epochs=90)
auto_scale_lr = dict(base_batch_size=1024)
