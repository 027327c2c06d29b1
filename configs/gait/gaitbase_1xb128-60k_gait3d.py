"""GaitBase on Gait3D.

Paper: OpenGait: Revisiting Gait Recognition Toward Better Practicality, CVPR 2023,
https://arxiv.org/abs/2211.06597

Expected: Rank-1 64.6 %, OpenGait's figure
for this recipe; not yet repeated here. `tools/prepare_gait.py` makes the data ready.

    python tools/train.py configs/gait/gaitbase_1xb128-60k_gait3d.py --amp
"""

_base_ = [
    '../_base_/models/gaitbase.py',
    '../_base_/datasets/gait3d.py',
    '../_base_/schedules/gait_sgd_60k.py',
    '../_base_/default_runtime.py',
]

model = dict(SeparateBNNecks=dict(class_num=3000))
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=10000))
