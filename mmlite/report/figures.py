"""Which figures a report opens with, and which way is up."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ['leading', 'lower_is_better', 'numbers_in']

#: Words in the names of results of which less is better.
_LESS = ('loss', 'err', 'error', 'epe', 'd1', 'bad', 'mae', 'rmse', 'skipped', 'time')
#: Results that go before the others of their kind, the first first.
_FIRST = (
    'top1', 'bbox_map', 'map', 'nm@r1', 'r1', 'recall@1', 'epe', 'accuracy', 'knn',
)  # fmt: skip


def lower_is_better(name: str) -> bool:
    """Whether less of a result is better, by its name.

    Example:
        >>> lower_is_better('disparity/image_epe'), lower_is_better('accuracy/top1')
        (True, False)
    """
    words = re.split(r'[^a-z0-9]+', name.lower())
    return any(word in _LESS or word.endswith('loss') for word in words)


def numbers_in(metrics: Mapping[str, object]) -> dict[str, float]:
    """The results that are numbers.

    Example:
        >>> numbers_in({'top1': 3.0, 'matrix': [[1]], 'done': True})
        {'top1': 3.0}
    """
    return {
        name: float(value)
        for name, value in metrics.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def leading(names: Mapping[str, object], most: int = 3) -> list[str]:
    """The results that matter most, by their names.

    Example:
        >>> leading({'accuracy/top5': 99, 'accuracy/top1': 90}, most=1)
        ['accuracy/top1']
    """

    def place(name: str) -> int:
        last = name.lower().rpartition('/')[2]
        known = (i for i, word in enumerate(_FIRST) if last.endswith(word))
        return next(known, len(_FIRST))

    return sorted(names, key=place)[:most]
