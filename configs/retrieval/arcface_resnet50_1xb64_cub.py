"""ArcFace retrieval of birds of kinds that were not seen in training, one GPU.

Paper: ArcFace: Additive Angular Margin Loss for Deep Face Recognition, CVPR 2019,
https://arxiv.org/abs/1801.07698

Learns the first 100 kinds of CUB-200-2011; each image of the other 100 looks for all
the others of these, as in https://arxiv.org/abs/1511.06452.

Expected: not yet measured.

    python tools/train.py configs/retrieval/arcface_resnet50_1xb64_cub.py
"""

_base_ = [
    '../_base_/models/arcface_resnet50.py',
    '../_base_/datasets/cub_retrieval_pk64_224.py',
    '../_base_/default_runtime.py',
]

model = dict(
    prototype={{_base_.gallery_dataloader}}, head=dict(num_classes=100), topk=100
)

optim_wrapper = dict(optimizer=dict(type='AdamW', lr=5e-5, weight_decay=0.0005))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max=29, begin=1, end=30),
]
train_cfg = dict(by_epoch=True, max_epochs=30, val_interval=1)
custom_hooks = [dict(type='PrepareProtoBeforeValLoopHook')]
auto_scale_lr = dict(base_batch_size=64)
