"""PSMNet on SceneFlow.

Expected: mean error 1.09 px on the test (the paper's figure; OpenStereo reports 0.95).
Its settings are the paper's: Adam at 1e-3 for 10 epochs, 12 pairs a step.

    torchrun --nproc-per-node 4 tools/train.py \
        configs/stereo/psmnet_4xb3-10e_sceneflow.py --launcher pytorch
"""

_base_ = [
    '../_base_/models/psmnet.py',
    '../_base_/datasets/sceneflow_bs4.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=3)
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
train_cfg = dict(by_epoch=True, max_epochs=10, val_interval=1)
val_cfg = dict()
test_cfg = dict()
