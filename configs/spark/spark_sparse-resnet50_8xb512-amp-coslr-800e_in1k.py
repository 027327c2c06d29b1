"""SparK of ResNet-50 on ImageNet-1k, 8 GPUs of 512 images.

Paper: Designing BERT for Convolutional Networks: Sparse and Hierarchical Masked
Modeling, ICLR 2023, https://arxiv.org/abs/2301.03580

Expected: 80.1 % top-1 is published by mmpretrain after fine-tuning for 300 epochs.

    bash tools/dist_train.sh \
        configs/spark/spark_sparse-resnet50_8xb512-amp-coslr-800e_in1k.py 8
"""

_base_ = [
    '../_base_/models/spark_sparse-resnet50.py',
    '../_base_/datasets/imagenet_bs512_mae.py',
    '../_base_/schedules/imagenet_bs4096_spark.py',
    '../_base_/default_runtime.py',
]

default_hooks = dict(checkpoint=dict(interval=20, max_keep_ckpts=3, save_best=None))
randomness = dict(seed=0, diff_rank_seed=True)
