"""Which figures a report opens with, and whether more of each is better."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ['leading', 'lower_is_better', 'measured', 'numbers_in', 'why_unmeasured']

#: Words in the names of results of which less is better.
_LESS = ('loss', 'err', 'error', 'epe', 'd1', 'bad', 'mae', 'rmse', 'skipped', 'time')
#: Results that go before the others of their kind, the first first.
_FIRST = (
    'top1', 'bbox_map', 'map', 'nm@r1', 'r1', 'recall@1', 'epe', 'accuracy', 'knn',
)  # fmt: skip

#: Results of COCO, which are -1 where there is no object to measure them on.
_OF_COCO = re.compile(r'(?:^|/)bbox_(?:mAP|AR)(?:_([sml]))?(?:[@_]\d+)?$')
_SIZES = {'s': 'small ', 'm': 'medium ', 'l': 'large ', None: ''}


def why_unmeasured(name: str, value: object) -> str:
    """Why a result is no figure, in a few words; empty where it is one.

    Example:
        >>> why_unmeasured('coco/bbox_mAP_l', -1.0)
        'no large objects'
        >>> why_unmeasured('coco/bbox_mAP', 0.5)
        ''
    """
    found = _OF_COCO.search(name) if value == -1 else None
    return f'no {_SIZES[found[1]]}objects' if found else ''


def measured(metrics: Mapping[str, float]) -> dict[str, float]:
    """The results for which there was something to measure.

    Example:
        >>> measured({'coco/bbox_mAP': 0.5, 'coco/bbox_AR_l@100': -1})
        {'coco/bbox_mAP': 0.5}
    """
    return {k: v for k, v in metrics.items() if not why_unmeasured(k, v)}


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
