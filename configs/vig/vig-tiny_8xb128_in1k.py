"""Vision GNN on ImageNet-1k, 8 GPUs of 128 images.

Paper: Vision GNN: An Image is Worth Graph of Nodes,
NeurIPS 2022, https://arxiv.org/abs/2206.00272

Expected: 74.4 % top-1, 92.34 % top-5 is published; those recipes also
use RandAugment and RandomErasing.

    bash tools/dist_train.sh configs/vig/vig-tiny_8xb128_in1k.py 8
"""

_base_ = [
    '../_base_/models/vig-tiny.py',
    '../_base_/datasets/imagenet_bs32.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=128)
model = dict(
    train_cfg=dict(
        augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]
    )
)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
