"""CIFAR-10 in seconds: airbench94 with Muon.

Paper: 94% on CIFAR-10 in 3.29 Seconds on a Single GPU,
https://arxiv.org/abs/2404.00498; with the optimizer that its author describes in
https://kellerjordan.github.io/posts/muon/.

Expected: 94.0 % top-1 with test-time augmentation, about 93 % without; the
figure is that of the original in 2.6 seconds on an A100, and is not yet repeated
here. Differs from it in: weights stay in float32 (use --amp on a GPU), and the
bias of the whitening keeps to the common schedule until it is frozen.

    python tools/train.py configs/airbench/airbench94_cifar10.py --amp
    python tools/test.py configs/airbench/airbench94_cifar10.py FILE --tta
"""

_base_ = [
    '../_base_/models/airbench94.py',
    '../_base_/datasets/cifar10_airbench.py',
    '../_base_/schedules/airbench94_muon.py',
    '../_base_/default_runtime.py',
]

# Weights of a standard deviation of 1; the logits are divided by their number.
model = dict(
    head=dict(init_cfg=dict(type='Uniform', layer='Linear', a=-(3**0.5), b=3**0.5))
)

channels_last = True
train_dataloader = dict(batch_size=2000)
default_hooks = dict(logger=dict(interval=25), checkpoint=dict(interval=8))
