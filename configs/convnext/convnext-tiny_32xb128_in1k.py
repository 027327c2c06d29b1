"""ConvNeXt-T on ImageNet-1k, 32 GPUs of 128 images.

Paper: A ConvNet for the 2020s,
CVPR 2022, https://arxiv.org/abs/2201.03545

Expected: 82.14 % top-1 after 300 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/convnext/convnext-tiny_32xb128_in1k.py 32
"""

_base_ = [
    '../_base_/models/convnext-tiny.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=128)
optim_wrapper = dict(optimizer=dict(lr=4e-3))
custom_hooks = [dict(type='EMAHook', momentum=1e-4, priority='ABOVE_NORMAL')]

auto_scale_lr = dict(base_batch_size=4096)
