"""HorNet-T on ImageNet-1k, 8 GPUs of 128 images.

Paper: HorNet: Efficient High-Order Spatial Interactions with Recursive Gated
Convolutions,
NeurIPS 2022, https://arxiv.org/abs/2207.14284

Expected: 82.84 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/hornet/hornet-tiny_8xb128_in1k.py 8
"""

_base_ = [
    '../_base_/models/hornet-tiny.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=128)
optim_wrapper = dict(optimizer=dict(lr=4e-3), clip_grad=dict(max_norm=100.0))
custom_hooks = [dict(type='EMAHook', momentum=4e-5, priority='ABOVE_NORMAL')]
