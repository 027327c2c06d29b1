"""RegNetX-400MF on ImageNet-1k, 8 GPUs of 128 images.

Paper: Designing Network Design Spaces,
CVPR 2020, https://arxiv.org/abs/2003.13678

Expected: 72.56 % top-1 after 100 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/regnet/regnetx-400mf_8xb128_in1k.py 8
"""

_base_ = [
    '../_base_/models/regnetx_400mf.py',
    '../_base_/datasets/imagenet_bs128_pycls.py',
    '../_base_/schedules/imagenet_bs1024_coslr.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(optimizer=dict(nesterov=True))
custom_hooks = [
    dict(type='PreciseBNHook', num_samples=8192, interval=1, priority='ABOVE_NORMAL')
]
