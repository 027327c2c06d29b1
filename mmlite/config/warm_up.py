"""Warm-ups that are longer than the training."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from mmengine.config import Config

from ..errors import Problem, UserError
from ..registry import DATASETS, PARAM_SCHEDULERS
from .fitting import value_at
from .parts import target_of
from .timing import counts_epochs, scheduler_counts_epochs, schedulers_of

__all__ = ['advise_warm_up']

#: What a rate is multiplied with in the beginning, by the kinds of schedules that rise.
_FACTORS = {'Constant': 'factor', 'Linear': 'start_factor', 'QuadraticWarmup': None}


def advise_warm_up(cfg: Config, iterations: int | None = None) -> list[Problem]:
    """Warm-ups that the training does not see the end of.

    Args:
        cfg: A config.
        iterations: How many the training has. Where it counts epochs and this is not
            known, they are counted in the data, if these are so few that it matters.
    """
    loop = cfg.get('train_cfg')
    if not isinstance(loop, Mapping):
        return []
    epochs = loop.get('max_epochs') if counts_epochs(loop) else None
    if iterations is None and counts_epochs(loop) is False:
        iterations = loop.get('max_iters')
    found = []
    for path, end, by_epoch in _warm_ups(cfg):
        limit = epochs if by_epoch else iterations
        if limit is None and not by_epoch and isinstance(epochs, int):
            limit = iterations = _counted(cfg, epochs, end)
        if isinstance(limit, int) and end > limit:
            unit = 'epochs' if by_epoch else 'iterations'
            found.append(Problem(path, _message(path, end, limit, unit)))
    return found


def _message(path: str, end: int, limit: int, unit: str) -> str:
    less = max(1, limit // 10)
    share = 'a tenth of them' if limit >= 10 else 'the least there is'
    return (
        f'is {end}, but the training has {limit} {unit}: the warm-up is longer, and '
        f'the learning rate never reaches its value; set it to {less}, {share} '
        f'(--cfg-options {path}={less}), or train for longer'
    )


def _warm_ups(cfg: Config) -> Iterator[tuple[str, int, bool]]:
    """Each schedule that rises from the beginning: its place, end and unit."""
    for path, scheduler in schedulers_of(cfg.get('param_scheduler'), 'param_scheduler'):
        name = getattr(target_of(scheduler, PARAM_SCHEDULERS), '__name__', '')
        kind = next((kind for kind in _FACTORS if name.startswith(kind)), None)
        end = scheduler.get('end')
        if kind is None or scheduler.get('begin', 0) or not isinstance(end, int):
            continue
        factor = scheduler.get(_FACTORS[kind], 0)
        if isinstance(factor, (int, float)) and factor < scheduler.get('end_factor', 1):
            yield f'{path}.end', end, scheduler_counts_epochs(scheduler)


def _counted(cfg: Config, epochs: int, end: int) -> int | None:
    """How many iterations the data make, where they may be fewer than ``end``."""
    settings = value_at(cfg, 'train_dataloader', 'dataset')
    batch = value_at(cfg, 'train_dataloader', 'batch_size')
    root = settings.get('data_root') if isinstance(settings, Mapping) else None
    if not isinstance(batch, int) or batch < 1 or not isinstance(root, str):
        return None
    if not _has_few_files(Path(root), batch * math.ceil(end / max(1, epochs))):
        return None
    try:
        plain = copy.deepcopy(dict(settings))
        count = len(DATASETS.build(dict(plain, pipeline=[])))
    except (OSError, UserError, TypeError, ValueError):
        return None  # said elsewhere
    whole = value_at(cfg, 'train_dataloader', 'drop_last') is True
    return epochs * (count // batch if whole else math.ceil(count / batch))


def _has_few_files(root: Path, most: int) -> bool:
    count = 0
    for _, _, names in os.walk(root):
        count += len(names)
        if count > most:
            return False
    return count > 0
