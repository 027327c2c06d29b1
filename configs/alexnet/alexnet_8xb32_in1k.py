"""AlexNet on ImageNet-1k, 8 GPUs of 32 images.

Paper: ImageNet Classification with Deep Convolutional Neural Networks,
NeurIPS 2012, https://papers.nips.cc/paper/4824

Expected: no figure is published for this recipe.

    bash tools/dist_train.sh configs/alexnet/alexnet_8xb32_in1k.py 8
"""

_base_ = [
    '../_base_/models/alexnet.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(optimizer=dict(lr=0.01))
