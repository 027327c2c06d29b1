"""Find numbers that cannot be intended."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mmengine.config import Config

from ..errors import Problem
from .bounds import numbers_in
from .fitting import value_at

__all__ = ['check_numbers']

#: Counts of which fewer do nothing, or cannot be.
_AT_LEAST = {
    'optim_wrapper.accumulative_counts': 1,
    'train_cfg.max_epochs': 1,
    'train_cfg.max_iters': 1,
    'train_cfg.val_interval': 1,
}
_SECTIONS = (
    'model',
    'data_preprocessor',
    'optim_wrapper',
    'param_scheduler',
    'custom_hooks',
    'default_hooks',
)


def check_numbers(cfg: Config) -> list[Problem]:
    """Check that no number computed with is NaN, and that counts are positive.

    Beside the model and the optimizer these are hooks: no metric is better than NaN.
    """
    problems = [*_too_few(cfg)]
    for section in _SECTIONS:
        for place, value in numbers_in(cfg.get(section), section):
            if isinstance(value, float) and math.isnan(value):
                problems.append(Problem(place, 'is NaN, expected a number'))
    for keys in (('data_preprocessor',), ('model', 'data_preprocessor')):
        std = value_at(cfg, *keys, 'std')
        if 0 in (std if isinstance(std, (list, tuple)) else [std]):
            message = f'is {std}, but images are divided by it; it must not be 0'
            problems.append(Problem('.'.join((*keys, 'std')), message))
    return problems


def _too_few(cfg: Config) -> Iterator[Problem]:
    for path, least in _AT_LEAST.items():
        value = value_at(cfg, *path.split('.'))
        if isinstance(value, int) and not isinstance(value, bool) and value < least:
            yield Problem(path, f'is {value}, expected at least {least}')
