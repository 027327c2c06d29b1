"""RepLKNet-31B on ImageNet-1k, 32 GPUs of 64 images.

Paper: Scaling Up Your Kernels to 31x31: Revisiting Large Kernel Design in CNNs,
CVPR 2022, https://arxiv.org/abs/2203.06717

Expected: 83.48 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/replknet/replknet-31B_32xb64_in1k.py 32
"""

_base_ = [
    '../_base_/models/replknet-31B.py',
    '../_base_/datasets/imagenet_bs32_pil_bicubic.py',
    '../_base_/schedules/imagenet_bs256_coslr.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=64)
param_scheduler = dict(T_max=300, end=300)
train_cfg = dict(max_epochs=300)
