"""MobileOne-S0 on ImageNet-1k, 8 GPUs of 32 images.

Paper: MobileOne: An Improved One Millisecond Mobile Backbone,
CVPR 2023, https://arxiv.org/abs/2206.04040

Expected: 71.34 % top-1 after 300 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/mobileone/mobileone-s0_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/mobileone_s0.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs256_coslr_coswd_300e.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(paramwise_cfg=dict(norm_decay_mult=0.0))
val_dataloader = dict(batch_size=256)
test_dataloader = dict(batch_size=256)
custom_hooks = [
    dict(type='EMAHook', momentum=5e-4, priority='ABOVE_NORMAL', update_buffers=True)
]
