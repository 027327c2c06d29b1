"""GaitBase on OUMVLP.

Paper: OpenGait: Revisiting Gait Recognition Toward Better Practicality, CVPR 2023,
https://arxiv.org/abs/2211.06597

Expected: Rank-1 90.8 %, OpenGait's figure
for this recipe; not yet repeated here. `tools/prepare_gait.py` makes the data ready.

    python tools/train.py configs/gait/gaitbase_1xb256-120k_oumvlp.py --amp
"""

_base_ = [
    '../_base_/models/gaitbase.py',
    '../_base_/datasets/oumvlp.py',
    '../_base_/schedules/gait_sgd_120k.py',
    '../_base_/default_runtime.py',
]

model = dict(SeparateBNNecks=dict(class_num=5153))
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=10000))
