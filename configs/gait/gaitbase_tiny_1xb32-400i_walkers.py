"""A narrow GaitBase on drawn walkers: gait recognition without a download.

Paper: OpenGait: Revisiting Gait Recognition Toward Better Practicality, CVPR 2023,
https://arxiv.org/abs/2211.06597

Expected: Rank-1 89.2 % (NM), 89.2 % (BG), 60.8 % (CL) on 20 identities
that are never trained on; chance is 5 %, the untrained network has 41.7 %, 41.7 % and
21.2 %. It takes 109 s of CPU time on an AMD EPYC, 2026-11-28.

    python tools/train.py configs/gait/gaitbase_tiny_1xb32-400i_walkers.py
"""

_base_ = [
    '../_base_/models/gaitbase_tiny.py',
    '../_base_/datasets/walkers.py',
    '../_base_/default_runtime.py',
]

train_cfg = dict(by_epoch=False, max_iters=400, val_interval=400)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4)
)
param_scheduler = dict(
    type='MultiStepLR', by_epoch=False, milestones=[250, 350], gamma=0.1
)
default_hooks = dict(
    logger=dict(interval=25), checkpoint=dict(by_epoch=False, interval=400)
)
randomness = dict(seed=0)
