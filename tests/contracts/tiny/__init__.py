"""Arguments that make every part small: the one place where a new part is named.

A part that is registered but not listed fails its contract with the line to add.
"""

from contracts.tiny.backbones import (
    AROUND,
    BACKBONES,
    FIXED_SIZE,
    PRETRAINING,
    ROUNDED,
    TOKENS,
    UNREACHED,
    backbone_cfg,
    image_shape,
)
from contracts.tiny.evaluation import METRIC_CASES, SAMPLERS
from contracts.tiny.gait import GAIT_BASE
from contracts.tiny.names import arguments_of, names_of, promise_of, registered
from contracts.tiny.parts import (
    ANCHOR_HEADS,
    BOX_HEADS,
    HEADS,
    LAST_ALONE,
    LOSSES,
    MASKED_LOSSES,
    NECKS,
    OWN_LOSSES,
    PART_LOSSES,
    PRETRAIN_HEADS,
    PRETRAIN_LOSSES,
    PROMISES,
    ROI_HEADS,
    SET_LOSSES,
    VECTOR_NECKS,
)
from contracts.tiny.selfsup import CONTRASTIVE, MASKED
from contracts.tiny.stereo import STEREO
from contracts.tiny.training import NO_TRAINING, OPTIMIZERS, SCHEDULERS
from contracts.tiny.transforms import (
    BATCH_STEPS,
    KEEP_PLACE,
    NEITHER,
    OTHER_DTYPE,
    PHOTOMETRIC,
    STEPS,
)
from contracts.tiny.wholes import OF_OTHERS, WHOLES, whole_names

__all__ = [
    'ANCHOR_HEADS',
    'AROUND',
    'BACKBONES',
    'BATCH_STEPS',
    'BOX_HEADS',
    'CONTRASTIVE',
    'FIXED_SIZE',
    'GAIT_BASE',
    'HEADS',
    'KEEP_PLACE',
    'LAST_ALONE',
    'LOSSES',
    'MASKED',
    'MASKED_LOSSES',
    'METRIC_CASES',
    'NECKS',
    'NEITHER',
    'NO_TRAINING',
    'OF_OTHERS',
    'OPTIMIZERS',
    'OTHER_DTYPE',
    'OWN_LOSSES',
    'PART_LOSSES',
    'PHOTOMETRIC',
    'PRETRAINING',
    'PRETRAIN_HEADS',
    'PRETRAIN_LOSSES',
    'PROMISES',
    'ROI_HEADS',
    'ROUNDED',
    'SAMPLERS',
    'SCHEDULERS',
    'SET_LOSSES',
    'STEPS',
    'STEREO',
    'TOKENS',
    'UNREACHED',
    'VECTOR_NECKS',
    'WHOLES',
    'arguments_of',
    'backbone_cfg',
    'image_shape',
    'names_of',
    'promise_of',
    'registered',
    'whole_names',
]
