"""GaitBase on GREW.

Paper: OpenGait: Revisiting Gait Recognition Toward Better Practicality, CVPR 2023,
https://arxiv.org/abs/2211.06597

Expected: Rank-1 60.1 %, OpenGait's figure
for this recipe; not yet repeated here. `tools/prepare_gait.py` makes the data ready.

The server of GREW, which knows the identities of its probes, gives that figure; here
the probes are those of the test set whose identity is known.

    python tools/train.py configs/gait/gaitbase_1xb128-180k_grew.py --amp
"""

_base_ = [
    '../_base_/models/gaitbase.py',
    '../_base_/datasets/grew.py',
    '../_base_/schedules/gait_sgd_180k.py',
    '../_base_/default_runtime.py',
]

model = dict(SeparateBNNecks=dict(class_num=20000))
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=10000))
