"""LightStereo-M on SceneFlow.

Expected: mean error 0.62 px on the test (OpenStereo's figure; users of its published
settings report larger ones).

    torchrun --nproc-per-node 8 tools/train.py \
        configs/stereo/lightstereo-m_8xb24-90e_sceneflow.py --launcher pytorch
"""

_base_ = 'lightstereo-s_8xb24-90e_sceneflow.py'

model = dict(arch='m')
