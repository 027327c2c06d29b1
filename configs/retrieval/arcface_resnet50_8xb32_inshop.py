"""ArcFace retrieval of clothes in In-shop, 8 GPUs of 32 images.

Paper: ArcFace: Additive Angular Margin Loss for Deep Face Recognition, CVPR 2019,
https://arxiv.org/abs/1801.07698

Expected: recall@1 90.18 %, mAP@10 69.30 %, published by mmpretrain; not yet repeated
here.

    bash tools/dist_train.sh configs/retrieval/arcface_resnet50_8xb32_inshop.py 8
"""

_base_ = [
    '../_base_/models/arcface_resnet50.py',
    '../_base_/datasets/inshop_bs32_448.py',
    '../_base_/default_runtime.py',
]

model = dict(prototype={{_base_.gallery_dataloader}})

optim_wrapper = dict(
    optimizer=dict(
        type='SGD', lr=0.02, momentum=0.9, weight_decay=0.0005, nesterov=True
    )
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, end=5, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max=45, begin=5, end=50),
]
train_cfg = dict(by_epoch=True, max_epochs=50, val_interval=1)
custom_hooks = [
    dict(type='PrepareProtoBeforeValLoopHook'),
    dict(type='SyncBuffersHook'),
]
auto_scale_lr = dict(base_batch_size=256)
