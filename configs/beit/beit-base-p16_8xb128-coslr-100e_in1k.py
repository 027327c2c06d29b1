"""BEiT on ImageNet-1k, 8 GPUs of 128 images.

Paper: BEiT: BERT Pre-Training of Image Transformers,
ICLR 2022, https://arxiv.org/abs/2106.08254

Expected: 83.1 % top-1 is published for weights pre-trained with BEiT and
layer-wise decay of the learning rate; give the weights with --cfg-options
load_from=FILE.

    bash tools/dist_train.sh configs/beit/beit-base-p16_8xb128-coslr-100e_in1k.py 8
"""

_base_ = [
    '../_base_/models/beit-base-p16.py',
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
train_cfg = dict(max_epochs=100)
