"""RepMLPNet-B on ImageNet-1k, 8 GPUs of 64 images.

Paper: RepMLPNet: Hierarchical Vision MLP with Re-parameterized Locality,
CVPR 2022, https://arxiv.org/abs/2112.11081

Expected: 80.41 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/repmlp/repmlp-base_8xb64_in1k.py 8
"""

_base_ = [
    '../_base_/models/repmlp-base.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.batch_size = 64
    loader.dataset.pipeline[1] = dict(type='Resize', scale=(256, 256), backend='pillow')

train_dataloader = dict(batch_size=64)
optim_wrapper = dict(clip_grad=dict(max_norm=5.0))
auto_scale_lr = dict(base_batch_size=512)
