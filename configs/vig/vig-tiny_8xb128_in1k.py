"""Vision GNN on ImageNet-1k, 8 GPUs of 128 images.

Paper: Vision GNN: An Image is Worth Graph of Nodes,
NeurIPS 2022, https://arxiv.org/abs/2206.00272

Expected: 74.4 % top-1, 92.34 % top-5 is published for
the authors' weights.

    bash tools/dist_train.sh configs/vig/vig-tiny_8xb128_in1k.py 8
"""

_base_ = [
    '../_base_/models/vig-tiny.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 248

train_dataloader = dict(batch_size=128)
model = dict(
    train_cfg=dict(
        augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]
    )
)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
