"""ConvNeXt V2-A on ImageNet-1k, 32 GPUs of 32 images.

Paper: ConvNeXt V2: Co-designing and Scaling ConvNets with Masked Autoencoders,
CVPR 2023, https://arxiv.org/abs/2301.00808

Expected: 76.64 % top-1, the figure of the authors' weights, converted by
mmpretrain. They were pre-trained by masking.

    bash tools/dist_train.sh configs/convnext_v2/convnext-v2-atto_32xb32_in1k.py 32
"""

_base_ = [
    '../_base_/models/convnext-v2-atto.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=8e-4, weight_decay=0.3))
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=1e-5, by_epoch=True)]
train_cfg = dict(max_epochs=600)
custom_hooks = [dict(type='EMAHook', momentum=1e-4, priority='ABOVE_NORMAL')]
