"""LightStereo-S on SceneFlow.

Expected: mean error 0.73 px on the test (OpenStereo's figure; users of its published
settings report larger ones).

    torchrun --nproc-per-node 8 tools/train.py \
        configs/stereo/lightstereo-s_8xb24-90e_sceneflow.py --launcher pytorch
"""

_base_ = [
    '../_base_/models/lightstereo-s.py',
    '../_base_/datasets/sceneflow_bs4.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=24)
optim_wrapper = dict(
    type='AmpOptimWrapper',
    optimizer=dict(type='AdamW', lr=2.4e-3, weight_decay=1e-5),
    clip_grad=dict(type='value', clip_value=0.1),
)
param_scheduler = dict(
    type='OneCycleLR',
    by_epoch=True,
    eta_max=2.4e-3,
    total_steps=90,
    pct_start=0.01,
    convert_to_iter_based=True,
)
train_cfg = dict(by_epoch=True, max_epochs=90, val_interval=5)
val_cfg = dict()
test_cfg = dict()
