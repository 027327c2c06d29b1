"""ConvMixer-1024/20 on ImageNet-1k, 10 GPUs of 64 images.

Paper: Patches Are All You Need?,
TMLR 2023, https://arxiv.org/abs/2201.09792

Expected: 76.94 % top-1, the figure of the authors' weights, converted by
mmpretrain.

    bash tools/dist_train.sh configs/convmixer/convmixer-1024-20_10xb64_in1k.py 10
"""

_base_ = [
    '../_base_/models/convmixer-1024-20.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

for loader in (_base_.val_dataloader, _base_.test_dataloader):
    loader.dataset.pipeline[1].scale = 233

optim_wrapper = dict(optimizer=dict(lr=0.01), clip_grad=dict(max_norm=5.0))
_base_.param_scheduler[1].update(T_max=130, end=150)
train_cfg = dict(max_epochs=150)
auto_scale_lr = dict(base_batch_size=640)
