"""The encoder of MAE, fine-tuned on handwritten digits.

Paper: Masked Autoencoders Are Scalable Vision Learners, CVPR 2022,
https://arxiv.org/abs/2111.06377

Expected: 98.6 % top-1 on the held-out fifth, under a minute on one CPU core.

    python tools/train.py configs/mae/vit-tiny-p8_finetune_1xb128_digits.py \
        --cfg-options model.backbone.init_cfg.type=Pretrained \
        model.backbone.init_cfg.prefix=backbone. \
        model.backbone.init_cfg.checkpoint=MAE_CHECKPOINT
"""

_base_ = [
    '../_base_/datasets/digits_bs32.py',
    '../_base_/schedules/digits_bs32.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='VisionTransformer',
        arch=dict(embed_dims=96, num_layers=4, num_heads=6, feedforward_channels=192),
        img_size=16,
        patch_size=8,
        out_type='avg_featmap',
        final_norm=False,
    ),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=96),
)
train_pipeline = [
    dict(type='RandomCrop', crop_size=16, padding=2),
    dict(type='PackInputs'),
]
train_dataloader = dict(batch_size=128, dataset=dict(size=16, pipeline=train_pipeline))
val_dataloader = test_dataloader = dict(dataset=dict(size=16))
optimizer = dict(type='AdamW', lr=1e-3, weight_decay=0.05)
optim_wrapper = dict(optimizer=dict(_delete_=True, **optimizer))
randomness = dict(seed=0)
