"""IGEV on SceneFlow.

Expected: mean error 0.47 px on the test (the paper's figure; OpenStereo reports 0.46).
Its settings are the paper's, but for the weights: batch norms keep their statistics, so
MobileNetV2 starts from ImageNet there (`model.init_cfg`), and everything learns here.

    torchrun --nproc-per-node 2 tools/train.py \
        configs/stereo/igev_2xb4-200k_sceneflow.py --launcher pytorch --amp
"""

_base_ = './raftstereo_2xb3-100k_sceneflow.py'

model = dict(_delete_=True, type='IGEV', max_disp=192, train_iters=22, norm_eval=False)
train_dataloader = dict(batch_size=4)
param_scheduler = dict(total_steps=200100)
train_cfg = dict(max_iters=200000)
