"""EfficientFormer-L1 on ImageNet-1k, 8 GPUs of 128 images.

Paper: EfficientFormer: Vision Transformers at MobileNet Speed,
NeurIPS 2022, https://arxiv.org/abs/2206.01191

Expected: 80.46 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/efficientformer/efficientformer-l1_8xb128_in1k.py 8
"""

_base_ = [
    '../_base_/models/efficientformer-l1.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 248
train_dataloader = dict(batch_size=128)
