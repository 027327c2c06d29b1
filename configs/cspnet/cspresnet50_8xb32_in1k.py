"""CSPResNet-50 on ImageNet-1k, 8 GPUs of 32 images.

Paper: CSPNet: A New Backbone that can Enhance Learning Capability of CNN,
CVPR workshops 2020, https://arxiv.org/abs/1911.11929

Expected: 79.55 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/cspnet/cspresnet50_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/cspresnet50.py',
    '../_base_/datasets/imagenet_bs32_pil_bicubic.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]

for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 288
    loader.dataset.pipeline[2].crop_size = 256
