"""GwcNet-G on SceneFlow.

Expected: mean error 0.79 px on the test (the paper's figure).
Its settings are the paper's: Adam at 1e-3, halved after 10, 12 and 14 of 16 epochs.

    torchrun --nproc-per-node 8 tools/train.py \
        configs/stereo/gwcnet-g_8xb2-16e_sceneflow.py --launcher pytorch
"""

_base_ = [
    '../_base_/models/gwcnet-g.py',
    '../_base_/datasets/sceneflow_bs4.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=2)
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = dict(
    type='MultiStepLR', by_epoch=True, milestones=[10, 12, 14], gamma=0.5
)
train_cfg = dict(by_epoch=True, max_epochs=16, val_interval=1)
val_cfg = dict()
test_cfg = dict()
