"""MobileViT-XXS on ImageNet-1k, 8 GPUs of 128 images.

Paper: MobileViT: Light-weight, General-purpose, and Mobile-friendly Vision Transformer,
ICLR 2022, https://arxiv.org/abs/2110.02178

Expected: 69.02 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/mobilevit/mobilevit-xxsmall_8xb128_in1k.py 8
"""

_base_ = [
    '../_base_/models/mobilevit_xxs.py',
    '../_base_/datasets/imagenet_bs32.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]

data_preprocessor = dict(mean=[0, 0, 0], std=[255, 255, 255], to_rgb=False)
for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 288
    loader.dataset.pipeline[2].crop_size = 256

train_dataloader = dict(batch_size=128)
val_dataloader = dict(batch_size=128)
test_dataloader = dict(batch_size=128)
