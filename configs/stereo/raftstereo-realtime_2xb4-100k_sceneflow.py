"""RAFT-Stereo for real time on SceneFlow.

Expected: no figure is published for SceneFlow; the paper has 26 fps on KITTI.

    torchrun --nproc-per-node 2 tools/train.py \
        configs/stereo/raftstereo-realtime_2xb4-100k_sceneflow.py --launcher pytorch
"""

_base_ = './raftstereo_2xb3-100k_sceneflow.py'

model = dict(
    n_downsample=3,
    n_gru_layers=2,
    shared_backbone=True,
    slow_fast_gru=True,
    valid_iters=7,
)
train_dataloader = dict(batch_size=4)
