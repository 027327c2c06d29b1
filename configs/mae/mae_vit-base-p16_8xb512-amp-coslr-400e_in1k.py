"""MAE of ViT-B/16 on ImageNet-1k, 8 GPUs of 512 images.

Paper: Masked Autoencoders Are Scalable Vision Learners, CVPR 2022,
https://arxiv.org/abs/2111.06377

Expected: 83.3 % top-1 is published by mmpretrain after fine-tuning.

    bash tools/dist_train.sh \
        configs/mae/mae_vit-base-p16_8xb512-amp-coslr-400e_in1k.py 8
"""

_base_ = [
    '../_base_/models/mae_vit-base-p16.py',
    '../_base_/datasets/imagenet_bs512_mae.py',
    '../_base_/schedules/imagenet_bs4096_mae.py',
    '../_base_/default_runtime.py',
]

default_hooks = dict(checkpoint=dict(interval=20, max_keep_ckpts=3, save_best=None))
randomness = dict(seed=0, diff_rank_seed=True)
