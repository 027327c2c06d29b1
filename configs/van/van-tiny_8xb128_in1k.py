"""VAN-B0 on ImageNet-1k, 8 GPUs of 128 images.

Paper: Visual Attention Network,
CVM 2023, https://arxiv.org/abs/2202.09741

Expected: 75.41 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/van/van-tiny_8xb128_in1k.py 8
"""

_base_ = [
    '../_base_/models/van-tiny.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
_base_.train_pipeline[3].hparams.pad_val = [128] * 3
_base_.train_pipeline[4].update(fill_color=[127.5] * 3, fill_std=[127.5] * 3)
_base_.train_pipeline.insert(
    4, dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4)
)
for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 248

train_dataloader = dict(batch_size=128, dataset=dict(pipeline=_base_.train_pipeline))
optim_wrapper = dict(clip_grad=dict(max_norm=5.0))
