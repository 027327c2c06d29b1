"""RegNetX-400MF on ImageNet-1k, 8 GPUs of 128 images.

Paper: Designing Network Design Spaces,
CVPR 2020, https://arxiv.org/abs/2003.13678

Expected: 72.56 % top-1 after 100 epochs, the figure mmpretrain publishes.

    bash tools/dist_train.sh configs/regnet/regnetx-400mf_8xb128_in1k.py 8
"""

_base_ = [
    '../_base_/models/regnetx_400mf.py',
    '../_base_/datasets/imagenet_bs32.py',
    '../_base_/schedules/imagenet_bs1024_coslr.py',
    '../_base_/default_runtime.py',
]

data_preprocessor = dict(
    mean=[103.53, 116.28, 123.675], std=[57.375, 57.12, 58.395], to_rgb=False
)
_base_.train_pipeline.insert(
    3,
    dict(
        type='Lighting',
        eigval=[0.2175, 0.0188, 0.0045],
        eigvec=[
            [-0.5836, -0.6948, 0.4203],
            [-0.5808, -0.0045, -0.814],
            [-0.5675, 0.7192, 0.4009],
        ],
        alphastd=25.5,
    ),
)
train_dataloader = dict(batch_size=128, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(batch_size=128)
test_dataloader = dict(batch_size=128)

optim_wrapper = dict(optimizer=dict(nesterov=True))
custom_hooks = [
    dict(type='PreciseBNHook', num_samples=8192, interval=1, priority='ABOVE_NORMAL')
]
