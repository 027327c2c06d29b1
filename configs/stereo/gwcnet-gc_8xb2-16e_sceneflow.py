"""GwcNet-GC on SceneFlow.

Expected: mean error 0.765 px on the test (the paper's figure).
Its settings are the paper's: Adam at 1e-3, halved after 10, 12 and 14 of 16 epochs.

    torchrun --nproc-per-node 8 tools/train.py \
        configs/stereo/gwcnet-gc_8xb2-16e_sceneflow.py --launcher pytorch
"""

_base_ = 'gwcnet-g_8xb2-16e_sceneflow.py'

model = dict(use_concat_volume=True)
