"""ArcFace retrieval of handwritten digits that were not seen in training.

Paper: ArcFace: Additive Angular Margin Loss for Deep Face Recognition, CVPR 2019,
https://arxiv.org/abs/1801.07698

Learns from the digits 0 to 5 in eight orientations, each a class of its own, and looks
up images of 6 to 9.

Expected: recall@1 100 %, mAP@100 55.9 %; raw pixels, which are hard to beat on digits
of one size and place, have 99.3 % and 55.5 %. 46 s of CPU time.

    python tools/train.py configs/retrieval/arcface_resnet18_1xb64_digits.py
"""

_base_ = [
    '../_base_/models/arcface_resnet18_digits.py',
    '../_base_/datasets/digits_retrieval_bs64.py',
    '../_base_/default_runtime.py',
]

model = dict(prototype={{_base_.gallery_dataloader}})

optim_wrapper = dict(optimizer=dict(type='AdamW', lr=0.002, weight_decay=0.05))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=1, end=4, convert_to_iter_based=True),
]
train_cfg = dict(by_epoch=True, max_epochs=4, val_interval=1)
custom_hooks = [dict(type='PrepareProtoBeforeValLoopHook')]

default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=4))
randomness = dict(seed=0)
