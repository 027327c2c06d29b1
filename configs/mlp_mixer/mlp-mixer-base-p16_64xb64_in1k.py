"""MLP-Mixer on ImageNet-1k, 64 GPUs of 64 images.

Paper: MLP-Mixer: An all-MLP Architecture for Vision,
NeurIPS 2021, https://arxiv.org/abs/2105.01601

Expected: 76.68 % top-1, 92.25 % top-5 is published by
mmpretrain, whose schedule differs in warm-up and weight decay.

    bash tools/dist_train.sh configs/mlp_mixer/mlp-mixer-base-p16_64xb64_in1k.py 64
"""

_base_ = [
    '../_base_/models/mlp-mixer-base-p16.py',
    '../_base_/datasets/imagenet_bs32.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].interpolation = 'bicubic'

train_dataloader = dict(batch_size=64)
optim_wrapper = dict(optimizer=dict(lr=0.003), clip_grad=dict(max_norm=1.0))
