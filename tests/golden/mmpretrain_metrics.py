"""What the metrics of mmpretrain 1.2.0 give, and for which inputs."""

from __future__ import annotations

import zlib

import numpy as np
import torch


def _generator(name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))


NUM_CLASSES = 7
SCORE = torch.from_numpy(
    _generator('score').standard_normal((40, NUM_CLASSES)).astype(np.float32)
).softmax(dim=1)
LABEL = torch.from_numpy(_generator('gt').integers(0, NUM_CLASSES, 40))
MULTI_LABEL = torch.from_numpy(
    (_generator('mgt').standard_normal((40, NUM_CLASSES)) > 0.5).astype(np.int64)
)

# by topk 1 and 3, and by thresholds 0 and 0.2
ACCURACY = [[12.5, 12.5], [30.0, 17.5]]

# each: precision, recall, F1 and support
SINGLE_LABEL = {
    'macro': (14.27489185333252, 11.190476417541504, 12.091584205627441, 40),
    'micro': (12.5, 12.5, 12.5, 40),
    None: (
        [12.5, 20.0, 0.0, 0.0, 9.090909004211426, 33.333335876464844, 25.0],
        [16.666667938232422, 12.5, 0.0, 0.0, 12.5, 16.666667938232422, 20.0],
        [
            14.285714149475098,
            15.384614944458008,
            0.0,
            0.0,
            10.526315689086914,
            22.222225189208984,
            22.22222137451172,
        ],
        [6, 8, 5, 2, 8, 6, 5],
    ),
}

# the same four at threshold 0.2
MULTI_LABEL_SCORES = {
    'macro': (28.343143463134766, 20.19268798828125, 22.262792587280273, 94),
    'micro': (28.35820960998535, 20.212766647338867, 23.60248565673828, 94),
    None: (
        [33.333335876464844, 25.0, 38.46154022216797, 40.0, 18.75, 0.0, 42.857143402],
        [
            21.052631378173828,
            20.0,
            45.45454788208008,
            11.764705657958984,
            23.076923370361328,
            0.0,
            20.0,
        ],
        [
            25.806453704833984,
            22.22222137451172,
            41.66666793823242,
            18.18181800842285,
            20.689655303955078,
            0.0,
            27.272727966308594,
        ],
        [19, 10, 11, 17, 13, 9, 15],
    ),
}

AVERAGE_PRECISION = {
    'macro': 35.86389923095703,
    None: [
        40.52436828613281,
        27.68766212463379,
        32.50789260864258,
        49.632694244384766,
        31.7480411529541,
        24.079483032226562,
        44.86714553833008,
    ],
}

CONFUSION_MATRIX = [
    [1, 1, 3, 0, 1, 0, 0],
    [0, 1, 1, 1, 4, 1, 0],
    [2, 0, 0, 1, 0, 1, 1],
    [0, 0, 1, 0, 1, 0, 0],
    [0, 3, 1, 1, 1, 0, 2],
    [4, 0, 0, 0, 1, 1, 0],
    [1, 0, 0, 0, 3, 0, 1],
]

# Of difficult classes as nothing, as positive and as negative: precision, recall, F1
# and support in the mean of the classes, and average precision by class. Scores are
# the sigmoid of a normal draw.
VOC = {
    None: (
        [35.75855, 44.00237, 38.62054],
        [43.48404, 33.60776, 31.02566, 59.18311, 31.92253, 31.0885, 44.89008],
    ),
    True: (
        [43.19857, 46.32277, 43.99302],
        [46.56699, 51.90059, 31.02566, 65.46529, 38.16131, 42.73269, 50.168],
    ),
    False: (
        [31.33076, 44.00237, 35.91873],
        [40.93379, 25.11037, 31.02566, 50.27419, 29.09501, 26.37433, 40.57066],
    ),
}
VOC_SCORE = (
    torch.from_numpy(_generator('score').standard_normal((40, NUM_CLASSES)))
    .float()
    .sigmoid()
)
DIFFICULT = torch.from_numpy(_generator('hard').standard_normal((40, NUM_CLASSES)) > 1)
