"""A small stereo network on made-up scenes.

Expected: mean error 1.21 px on held-out scenes, where the best constant has 5.53 px,
within 4 minutes on two CPU cores.

    python tools/train.py configs/stereo/tinystereo_1xb8-40e_scenes.py
"""

_base_ = [
    '../_base_/datasets/stereo_scenes_bs8.py',
    '../_base_/default_runtime.py',
]

model = dict(type='TinyStereo', max_disp=32)

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-4),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = dict(
    type='OneCycleLR',
    eta_max=2e-3,
    total_steps=960,
    pct_start=0.1,
    by_epoch=False,
)
train_cfg = dict(by_epoch=True, max_epochs=40, val_interval=40)
val_cfg = dict()
test_cfg = dict()
default_hooks = dict(logger=dict(interval=24))
randomness = dict(seed=0)
