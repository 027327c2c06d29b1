"""Image size, batch size and schedule for your own data, by the rules in the docs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from ...datasets.boxes import image_size_of
from ...errors import DataError

__all__ = [
    'Sizes',
    'batch_size_for',
    'epochs_for',
    'schedule_for',
    'size_for',
    'workers_for',
]

#: Sizes that are chosen, each from a shorter edge of so many pixels on.
_SIZES = ((224, 176), (128, 96), (64, 48), (32, 0))
#: Images a GPU at each size.
_BATCHES = {32: 128, 64: 128, 128: 64, 224: 32}
#: How many iterations a training has, about; how many epochs at least and at most.
_ITERATIONS, _LEAST_EPOCHS, _MOST_EPOCHS = 3000, 10, 100
#: Iterations of the warm-up of the base schedule.
_WARM_UP = 50
#: From how many samples on other processes read them.
_WORKERS_FROM, _WORKERS = 1000, 4


class Sizes:
    """How large some pictures are.

    Args:
        paths: Files; those that cannot be read do not count.

    Attributes:
        shorter: The median of the shorter edges in px.
        height: The median of the heights.
        width: The median of the widths.

    Raises:
        DataError: if none can be read.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        found = []
        reason: Exception | None = None
        for path in paths:
            try:
                found.append(image_size_of(path))
            except DataError as error:
                reason = error
        if not found:
            raise DataError(
                f'none of {len(paths)} pictures can be read; the last: {reason}'
            )
        self.width = int(median(width for width, _ in found))
        self.height = int(median(height for _, height in found))
        self.shorter = int(median(min(size) for size in found))


def size_for(shorter: int) -> int:
    """The size to train at for pictures with so long a shorter edge.

    Example:
        >>> [size_for(edge) for edge in (28, 64, 128, 500)]
        [32, 64, 128, 224]
    """
    return next(size for size, least in _SIZES if shorter >= least)


def batch_size_for(size: int, count: int, least: int = 4) -> int:
    """Images a batch: so many that an epoch has four of them, and a GPU holds them.

    Args:
        size: Height and width in px.
        count: Number of images.
        least: The smallest batch that makes sense.

    Example:
        >>> batch_size_for(224, 10000), batch_size_for(32, 40), batch_size_for(32, 3)
        (32, 8, 3)
    """
    most = next(batch for known, batch in sorted(_BATCHES.items()) if size <= known)
    while most > least and most * 4 > count:
        most //= 2
    return min(most, count)


def epochs_for(count: int, batch_size: int) -> int:
    """Epochs that make about 3,000 iterations, from 10 to 100.

    Example:
        >>> epochs_for(3000, 32), epochs_for(100, 8), epochs_for(10**6, 32)
        (32, 100, 10)
    """
    epochs = round(_ITERATIONS / math.ceil(count / batch_size))
    return min(max(epochs, _LEAST_EPOCHS), _MOST_EPOCHS)


def schedule_for(iterations: int) -> list[dict[str, Any]] | None:
    """Schedulers whose warm-up takes a tenth of a training at most.

    Args:
        iterations: Those of the whole training.

    Returns:
        The schedulers; None if those of the base file do that already.

    Example:
        >>> schedule_for(40)[0]['end'], len(schedule_for(9)), schedule_for(3000)
        (4, 1, None)
    """
    warm_up = iterations // 10
    if warm_up >= _WARM_UP:
        return None
    cosine = dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)
    if warm_up < 2:  # of one step a warm-up would have no way to rise
        return [cosine]
    linear = dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0)
    return [dict(linear, end=warm_up), cosine]


def workers_for(count: int) -> int:
    """Processes that read so many samples: few are read in the process itself."""
    return _WORKERS if count >= _WORKERS_FROM else 0
