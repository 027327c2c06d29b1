"""LeNet-5 on MNIST.

Paper: Gradient-based learning applied to document recognition, Proc. IEEE 1998

Expected: 99 % top-1, as published with the paper.

    python tools/train.py configs/lenet/lenet5_mnist.py
"""

_base_ = [
    '../_base_/models/lenet5.py',
    '../_base_/datasets/mnist_bs128.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0001)
)
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[15], gamma=0.1)

train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=1)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=128)
