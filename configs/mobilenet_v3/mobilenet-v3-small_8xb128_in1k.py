"""MobileNetV3-small on ImageNet-1k, 8 GPUs of 128 images.

Paper: Searching for MobileNetV3,
ICCV 2019, https://arxiv.org/abs/1905.02244

Expected: 66.68 % top-1 after 600 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/mobilenet_v3/mobilenet-v3-small_8xb128_in1k.py 8
"""

_base_ = [
    '../_base_/models/mobilenet_v3_small.py',
    '../_base_/datasets/imagenet_bs128_mbv3.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(
    optimizer=dict(
        type='RMSprop',
        lr=0.064,
        alpha=0.9,
        momentum=0.9,
        eps=0.0316,
        weight_decay=1e-5,
    )
)
param_scheduler = dict(type='StepLR', by_epoch=True, step_size=2, gamma=0.973)

train_cfg = dict(by_epoch=True, max_epochs=600, val_interval=1)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=1024)
