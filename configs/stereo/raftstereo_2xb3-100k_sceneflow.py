"""RAFT-Stereo on SceneFlow.

Expected: mean error 0.53 px on the test (as retrained by the authors of
Selective-Stereo; its authors trained for 200,000 steps).

    torchrun --nproc-per-node 2 tools/train.py \
        configs/stereo/raftstereo_2xb3-100k_sceneflow.py --launcher pytorch
"""

_base_ = [
    '../_base_/models/raftstereo.py',
    '../_base_/datasets/sceneflow_bs4.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=3)
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=2e-4, weight_decay=1e-5, eps=1e-8),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = dict(
    type='OneCycleLR',
    by_epoch=False,
    eta_max=2e-4,
    total_steps=100100,
    pct_start=0.01,
    anneal_strategy='linear',
)
train_cfg = dict(by_epoch=False, max_iters=100000, val_interval=10000)
val_cfg = dict()
test_cfg = dict()
