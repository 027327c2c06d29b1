"""RIFormer-S12 on ImageNet-1k, 8 GPUs of 128 images.

Paper: RIFormer: Keep Your Vision Backbone Effective But Removing Token Mixer,
CVPR 2023, https://arxiv.org/abs/2304.05659

Expected: 76.90 % top-1, the figure mmpretrain publishes. It was distilled from
a teacher, which this recipe does not have.

    bash tools/dist_train.sh configs/riformer/riformer-s12_8xb128_in1k.py 8
"""

_base_ = [
    '../_base_/models/riformer_s12.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 248
train_dataloader = dict(batch_size=128)
optim_wrapper = dict(optimizer=dict(lr=4e-3), clip_grad=dict(max_norm=5.0))
auto_scale_lr = dict(base_batch_size=4096)
