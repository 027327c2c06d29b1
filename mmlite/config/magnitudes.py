"""Find numbers that cannot be meant."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from ..errors import Problem
from .fitting import at

__all__ = ['check_numbers']

#: Counts of which fewer do nothing, or cannot be.
_AT_LEAST = {
    'auto_scale_lr.base_batch_size': 1,
    'optim_wrapper.accumulative_counts': 1,
    'train_cfg.max_epochs': 1,
    'train_cfg.max_iters': 1,
    'train_cfg.val_interval': 1,
}
#: What sets a learning rate, wherever it stands in the sections below.
_RATES = re.compile(r'(base_|max_|min_)?lr|eta_(min|max)|(\w+_)?lr_mult')
_OF_RATES = ('optim_wrapper', 'param_scheduler')
_SECTIONS = ('model', 'data_preprocessor', 'optim_wrapper', 'param_scheduler')


def check_numbers(cfg: Config) -> list[Problem]:
    """See that numbers are numbers, rates can be rates, and counts do something."""
    problems = [*_too_few(cfg)]
    for section in _SECTIONS:
        for path, value in _numbers(cfg.get(section), section):
            if math.isnan(value):
                problems.append(Problem(path, 'is NaN, expected a number'))
            elif section in _OF_RATES and not _can_be_rate(path, value):
                message = f'is {value:g}, expected a finite number of 0 or more'
                problems.append(Problem(path, message))
    for keys in (('data_preprocessor',), ('model', 'data_preprocessor')):
        std = at(cfg, *keys, 'std')
        if 0 in (std if isinstance(std, (list, tuple)) else [std]):
            message = f'is {std}, by which images are divided; 0 is no deviation'
            problems.append(Problem('.'.join((*keys, 'std')), message))
    return problems


def _too_few(cfg: Config) -> Iterator[Problem]:
    for path, least in _AT_LEAST.items():
        value = at(cfg, *path.split('.'))
        if isinstance(value, int) and not isinstance(value, bool) and value < least:
            yield Problem(path, f'is {value}, expected at least {least}')


def _can_be_rate(path: str, value: float) -> bool:
    """Whether a number is a learning rate, or not where one is stated."""
    is_rate = _RATES.fullmatch(path.rpartition('.')[2])
    return not is_rate or 0 <= value < math.inf


def _numbers(node: Any, path: str) -> Iterator[tuple[str, float]]:
    """All numbers in a section, with their places."""
    if isinstance(node, (int, float)) and not isinstance(node, bool):
        yield path, node
    if isinstance(node, (list, tuple)):
        node = dict(enumerate(node))
    for key, value in node.items() if isinstance(node, Mapping) else ():
        yield from _numbers(value, f'{path}.{key}')
