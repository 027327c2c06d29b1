"""GaitBase on CASIA-B.

Paper: OpenGait: Revisiting Gait Recognition Toward Better Practicality, CVPR 2023,
https://arxiv.org/abs/2211.06597

Expected: Rank-1 97.6 % (NM), 94.0 % (BG), 77.4 % (CL), OpenGait's figure
for this recipe; not yet repeated here. `tools/prepare_gait.py` makes the data ready.

    python tools/train.py configs/gait/gaitbase_1xb128-60k_casiab.py --amp
"""

_base_ = [
    '../_base_/models/gaitbase.py',
    '../_base_/datasets/casiab.py',
    '../_base_/schedules/gait_sgd_60k.py',
    '../_base_/default_runtime.py',
]

model = dict(SeparateBNNecks=dict(class_num=74))
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=10000))
