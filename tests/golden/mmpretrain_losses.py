"""What the losses of mmpretrain 1.2.0 give, and for which inputs."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


def _generator(name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))


def _normal(name: str, *shape: int) -> Tensor:
    return torch.from_numpy(_generator(name).standard_normal(shape)).float()


LOGITS = _normal('logits', 8, 10)
WEIGHT = _normal('w', 8).abs()
TARGETS = {
    'label': torch.from_numpy(_generator('label').integers(0, 10, 8)),
    'soft': _normal('soft', 8, 10).softmax(dim=1),
    'multi': (_normal('multi', 8, 10) > 0).float(),
}
AVG_FACTOR = 3
# Of a loss per class (8, 10), these places of the flattened tensor are kept.
PROBE = [0, 11, 22, 33, 45, 56, 67, 79]


class Golden(NamedTuple):
    """A loss, and its value plain, with WEIGHT, with AVG_FACTOR, and unreduced."""

    cfg: dict
    target: str
    plain: float
    weighted: float
    avg_factor: float | None  # None where it is refused
    none: list[float]


LOSSES = {
    'ce': Golden(
        dict(type='CrossEntropyLoss'),
        'label',
        2.4128656,
        2.3034952,
        6.4343085,
        [
            3.2832625,
            3.548656,
            1.6666306,
            3.1239924,
            1.5165914,
            2.2772472,
            2.1835241,
            1.703023,
        ],
    ),
    'ce_w2': Golden(
        dict(type='CrossEntropyLoss', loss_weight=2.0, reduction='sum'),
        'label',
        38.60585,
        36.855923,
        None,
        [
            6.566525,
            7.097312,
            3.3332613,
            6.2479849,
            3.0331829,
            4.5544944,
            4.3670483,
            3.4060459,
        ],
    ),
    'ce_class_weight': Golden(
        dict(type='CrossEntropyLoss', class_weight=[float(i) for i in range(1, 11)]),
        'label',
        17.316229,
        17.631186,
        46.176609,
        [
            22.982838,
            31.937904,
            9.9997835,
            24.99194,
            15.165915,
            15.94073,
            2.1835241,
            15.327207,
        ],
    ),
    'ce_soft': Golden(
        dict(type='CrossEntropyLoss', use_soft=True),
        'soft',
        2.8550818,
        2.6343355,
        7.6135516,
        [
            3.0574408,
            2.4124653,
            2.8847942,
            3.1959269,
            2.5385621,
            2.5583131,
            3.1604512,
            3.0327008,
        ],
    ),
    'ce_sigmoid': Golden(
        dict(type='CrossEntropyLoss', use_sigmoid=True),
        'multi',
        0.82120311,
        0.75320637,
        21.89875,
        [
            0.80297178,
            0.59154618,
            0.43869618,
            0.11972618,
            0.5236128,
            0.58756542,
            0.86583114,
            0.50328529,
        ],
    ),
    'ce_sigmoid_pos': Golden(
        dict(type='CrossEntropyLoss', use_sigmoid=True, pos_weight=2.0),
        'multi',
        1.2043673,
        1.0984086,
        32.116459,
        [
            0.80297178,
            1.1830924,
            0.87739235,
            0.11972618,
            1.0472256,
            1.1751308,
            0.86583114,
            0.50328529,
        ],
    ),
    'ls_original': Golden(
        dict(
            type='LabelSmoothLoss',
            label_smooth_val=0.1,
            mode='original',
            num_classes=10,
        ),
        'label',
        2.4352489,
        2.3120623,
        6.4939971,
        [
            3.21895,
            3.4468935,
            1.7583572,
            3.0853467,
            1.6307204,
            2.3059232,
            2.2486393,
            1.7871588,
        ],
    ),
    'ls_classy': Golden(
        dict(
            type='LabelSmoothLoss',
            label_smooth_val=0.1,
            mode='classy_vision',
            num_classes=10,
        ),
        'label',
        2.4332139,
        2.3112838,
        6.4885707,
        [
            3.2247968,
            3.456145,
            1.7500184,
            3.0888603,
            1.6203452,
            2.3033161,
            2.2427197,
            1.7795103,
        ],
    ),
    'ls_multi': Golden(
        dict(
            type='LabelSmoothLoss',
            label_smooth_val=0.1,
            mode='multi_label',
            num_classes=10,
        ),
        'label',
        0.79845297,
        0.74251747,
        21.29208,
        [
            0.78209454,
            0.7847802,
            0.97563064,
            0.32593489,
            0.86003149,
            0.60992956,
            0.8338418,
            0.54572767,
        ],
    ),
    'ls_soft_target': Golden(
        dict(
            type='LabelSmoothLoss',
            label_smooth_val=0.1,
            mode='original',
            num_classes=10,
        ),
        'soft',
        2.8332431,
        2.6098187,
        7.555315,
        [
            3.0157104,
            2.4243221,
            2.8547044,
            3.1500878,
            2.550494,
            2.558882,
            3.1278734,
            2.9838688,
        ],
    ),
    'focal': Golden(
        dict(type='FocalLoss'),
        'multi',
        0.18154013,
        0.16265652,
        4.8410702,
        [
            0.18350442,
            0.029486844,
            0.013831276,
            0.0011432775,
            0.021750469,
            0.028999528,
            0.21792091,
            0.059030686,
        ],
    ),
    'focal_g': Golden(
        dict(type='FocalLoss', gamma=1.5, alpha=0.6, reduction='sum'),
        'multi',
        16.531965,
        14.62999,
        None,
        [
            0.13172677,
            0.10590456,
            0.055703688,
            0.0018152024,
            0.08176177,
            0.10441274,
            0.15270263,
            0.05006405,
        ],
    ),
    'asym': Golden(
        dict(type='AsymmetricLoss'),
        'multi',
        0.44749641,
        0.40160781,
        11.933238,
        [
            0.044275627,
            0.59154618,
            0.43869621,
            1.0117783e-06,
            0.5236128,
            0.58756542,
            0.059142914,
            0.0060362401,
        ],
    ),
    'asym_g': Golden(
        dict(type='AsymmetricLoss', gamma_pos=1.0, gamma_neg=3.0, clip=0.1),
        'multi',
        0.30015987,
        0.26366937,
        8.0042639,
        [
            0.055546235,
            0.2641426,
            0.15579127,
            2.7328978e-08,
            0.21343687,
            0.26106796,
            0.071853809,
            0.0090326807,
        ],
    ),
}

# Of SeesawLoss(num_classes=10) that has seen no other batch.
SEESAW_LABELS = torch.tensor([0, 1, 2, 3, 0, 0, 1, 9])
SEESAW = 5.3107448
