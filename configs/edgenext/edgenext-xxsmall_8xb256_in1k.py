"""EdgeNeXt-XXS on ImageNet-1k, 8 GPUs of 256 images.

Paper: EdgeNeXt: Efficiently Amalgamated CNN-Transformer Architecture for Mobile
Vision Applications,
ECCV workshops 2022, https://arxiv.org/abs/2206.10589

Expected: 71.20 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/edgenext/edgenext-xxsmall_8xb256_in1k.py 8
"""

_base_ = [
    '../_base_/models/edgenext-xxsmall.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

_base_.train_dataloader.dataset.pipeline[1].scale = 256
for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 292
    loader.dataset.pipeline[2].crop_size = 256

train_dataloader = dict(batch_size=256)
optim_wrapper = dict(optimizer=dict(lr=6e-3), clip_grad=dict(max_norm=5.0))
custom_hooks = [dict(type='EMAHook', momentum=4e-5, priority='ABOVE_NORMAL')]
auto_scale_lr = dict(base_batch_size=4096)
