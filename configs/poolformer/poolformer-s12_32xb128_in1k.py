"""PoolFormer-S12 on ImageNet-1k, 32 GPUs of 128 images.

Paper: MetaFormer Is Actually What You Need for Vision,
CVPR 2022, https://arxiv.org/abs/2111.11418

Expected: 77.24 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/poolformer/poolformer-s12_32xb128_in1k.py 32
"""

_base_ = [
    '../_base_/models/poolformer_s12.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 248
train_dataloader = dict(batch_size=128)
optim_wrapper = dict(optimizer=dict(lr=4e-3), clip_grad=dict(max_norm=5.0))
auto_scale_lr = dict(base_batch_size=4096)
