"""SwAV on ImageNet.

Paper: Unsupervised Learning of Visual Features by Contrasting Cluster Assignments,
https://arxiv.org/abs/2006.09882

Expected: 70.5 % top-1 of a linear classifier on its features, as mmpretrain
reports; not trained here.

    tools/dist_train.sh CONFIG 8, where CONFIG is
    configs/swav/swav_resnet50_8xb32-mcrop-coslr-200e_in1k-224px-96px.py
"""

_base_ = [
    '../_base_/models/swav_resnet50.py',
    '../_base_/datasets/imagenet_bs32_swav_mcrop-2-6.py',
    '../_base_/schedules/imagenet_lars_coslr_200e.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(optimizer=dict(lr=0.6))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        T_max=200,
        eta_min=6e-4,
        end=200,
        convert_to_iter_based=True,
    )
]
auto_scale_lr = dict(base_batch_size=256)

custom_hooks = [
    dict(
        type='SwAVHook',
        priority='VERY_HIGH',
        batch_size=32,
        queue_length=3840,
        frozen_layers_cfg=dict(prototypes=5005),
    )
]
