"""Find numbers that cannot be meant."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from ..errors import Problem
from .fitting import at

__all__ = ['check_numbers']

_SECTIONS = ('model', 'data_preprocessor', 'optim_wrapper', 'param_scheduler')


def check_numbers(cfg: Config) -> list[Problem]:
    """See that no NaN goes into the model or the optimizer, and nobody divides by 0."""
    problems = [
        Problem(path, 'is NaN, expected a number')
        for section in _SECTIONS
        for path in _places_of_nan(cfg.get(section), section)
    ]
    for keys in (('data_preprocessor',), ('model', 'data_preprocessor')):
        std = at(cfg, *keys, 'std')
        if 0 in (std if isinstance(std, (list, tuple)) else [std]):
            message = f'is {std}, by which images are divided; 0 is no deviation'
            problems.append(Problem('.'.join((*keys, 'std')), message))
    return problems


def _places_of_nan(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, float) and math.isnan(node):
        yield path
    if isinstance(node, (list, tuple)):
        node = dict(enumerate(node))
    for key, value in node.items() if isinstance(node, Mapping) else ():
        yield from _places_of_nan(value, f'{path}.{key}')
