"""One-cycle schedules of another length than the training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from mmengine.config import Config
from mmengine.optim.scheduler import OneCycleParamScheduler

from ..errors import Problem
from ..registry import PARAM_SCHEDULERS
from .fitting import value_at
from .parts import target_of
from .timing import counts_epochs, scheduler_counts_epochs, schedulers_of

__all__ = ['advise_one_cycle', 'check_one_cycle']

#: How much longer a cycle may be: RAFT's has 100 steps more than its training.
_SLACK = 1.05


class _Cycle(NamedTuple):
    """A cycle, and how many steps of it the training has."""

    path: str
    total: int
    steps: int
    unit: str

    def misfit(self, effect: str) -> Problem:
        """That it is of another length than the training, and what follows."""
        message = (
            f'is {self.total}, but the training has {self.steps} {self.unit}, and '
            f'{effect}; set {self.path}={self.steps}'
        )
        return Problem(self.path, message)


def check_one_cycle(cfg: Config, iterations: int | None = None) -> list[Problem]:
    """Refuse cycles that are over before the training, which would then fail.

    Args:
        cfg: A config.
        iterations: How many the training has, where that is known.
    """
    return [
        cycle.misfit('there is no learning rate after the cycle')
        for cycle in _cycles(cfg, iterations)
        if cycle.total < cycle.steps
    ]


def advise_one_cycle(cfg: Config, iterations: int | None = None) -> list[Problem]:
    """Name cycles that the training does not see the end of.

    Args:
        cfg: A config.
        iterations: How many the training has, where that is known.
    """
    return [
        cycle.misfit('ends amid the cycle')
        for cycle in _cycles(cfg, iterations)
        if cycle.total > cycle.steps * _SLACK
    ]


def _cycles(cfg: Config, iterations: int | None) -> Iterator[_Cycle]:
    by_epoch = counts_epochs(cfg.get('train_cfg'))
    epochs, stated = (
        value_at(cfg, 'train_cfg', f'max_{u}') for u in ('epochs', 'iters')
    )
    if iterations is None and by_epoch is False:
        iterations = stated
    for path, cycle in schedulers_of(cfg.get('param_scheduler'), 'param_scheduler'):
        target = target_of(cycle, PARAM_SCHEDULERS)
        total, begin = cycle.get('total_steps'), cycle.get('begin', 0)
        is_one = isinstance(target, type) and issubclass(target, OneCycleParamScheduler)
        if not is_one or not isinstance(total, int) or not isinstance(begin, int):
            continue
        of_epochs = scheduler_counts_epochs(cycle)
        if of_epochs and not by_epoch:  # which is refused by itself
            continue
        limit = epochs if of_epochs else iterations
        end = cycle.get('end', math.inf)
        if isinstance(limit, int) and isinstance(end, (int, float)):
            steps = int(min(limit, end)) - begin
            if steps > 0:
                unit = 'epochs' if of_epochs else 'iterations'
                yield _Cycle(f'{path}.total_steps', total, steps, unit)
