"""RepVGG-A0 on ImageNet-1k, 8 GPUs of 32 images.

Paper: RepVGG: Making VGG-style ConvNets Great Again,
CVPR 2021, https://arxiv.org/abs/2101.03697

Expected: 72.37 % top-1 after 120 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/repvgg/repvgg-A0_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/repvgg-a0.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs256_coslr.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(
    paramwise_cfg=dict(
        bias_decay_mult=0.0,
        custom_keys={
            'branch_3x3.norm': dict(decay_mult=0.0),
            'branch_1x1.norm': dict(decay_mult=0.0),
            'branch_norm.bias': dict(decay_mult=0.0),
        },
    )
)
param_scheduler = dict(T_max=120, end=120, convert_to_iter_based=True)
train_cfg = dict(max_epochs=120)
