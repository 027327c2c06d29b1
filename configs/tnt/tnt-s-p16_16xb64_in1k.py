"""TNT on ImageNet-1k, 16 GPUs of 64 images.

Paper: Transformer in Transformer,
NeurIPS 2021, https://arxiv.org/abs/2103.00112

Expected: 81.52 % top-1, 95.73 % top-5 is published by
mmpretrain, whose schedule differs in warm-up and weight decay.

    bash tools/dist_train.sh configs/tnt/tnt-s-p16_16xb64_in1k.py 16
"""

_base_ = [
    '../_base_/models/tnt-s-p16.py',
    '../_base_/datasets/imagenet_bs32_pil_bicubic.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 248

train_dataloader = dict(batch_size=64)
