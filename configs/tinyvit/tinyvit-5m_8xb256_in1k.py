"""TinyViT-5M on ImageNet-1k, 8 GPUs of 256 images.

Paper: TinyViT: Fast Pretraining Distillation for Small Vision Transformers,
ECCV 2022, https://arxiv.org/abs/2207.10666

Expected: 79.02 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/tinyvit/tinyvit-5m_8xb256_in1k.py 8
"""

_base_ = [
    '../_base_/models/tinyvit-5m.py',
    '../_base_/datasets/imagenet_bs32_pil_bicubic.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=256)
