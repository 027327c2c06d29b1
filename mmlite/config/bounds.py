"""Numbers below, or above, what they can be."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mmengine.config import Config

from ..errors import Problem

__all__ = ['check_bounds', 'numbers_in']


class _Bound(NamedTuple):
    """What some numbers of a section can be.

    Args:
        section: The key at the top of the config.
        place: A pattern that the whole path below it matches.
        least: The least value.
        more: Whether that value itself is refused.
        most: The greatest value, if there is one.
        finite: Whether infinity is refused.
    """

    section: str
    place: str
    least: float
    more: bool = False
    most: float | None = None
    finite: bool = False


_BOUNDS = (
    _Bound('auto_scale_lr', r'base_batch_size', 1),
    _Bound('custom_hooks', r'\d+\.momentum', 0, more=True, most=1),
    _Bound('custom_hooks', r'\d+\.patience', 0),
    # A gradient that is scaled by less than nothing leads uphill.
    _Bound('model', r'(.*\.)?loss_weight', -math.inf, finite=True),
    _Bound(
        'model',
        r'(.*\.)?((attn|ffn|layer|proj|token)_)?drop(out)?(_path)?(_(prob|rate|ratio))?',
        0,
        most=1,
    ),
    _Bound('model', r'(.*\.)?norm_cfg\.momentum', 0, most=1),
    _Bound('model', r'(.*\.)?norm_cfg\.eps', 0),
    _Bound('optim_wrapper', r'(.*\.)?clip_grad\.(max_norm|clip_value)', 0, more=True),
    _Bound('optim_wrapper', r'(.*\.)?paramwise_cfg\.(.*\.)?\w+_mult', 0, finite=True),
    _Bound('optim_wrapper', r'(.*\.)?lr', 0, finite=True),
    _Bound(
        'param_scheduler', r'(.*\.)?(eta_(min|max)|(base|max|min)_lr)', 0, finite=True
    ),
    _Bound('optim_wrapper', r'(.*\.)?momentum', 0, most=1),
    _Bound('optim_wrapper', r'(.*\.)?(weight_decay|eps)', 0, finite=True),
    _Bound('optim_wrapper', r'(.*\.)?(loss_scale|init_scale)', 0, more=True),
    _Bound('param_scheduler', r'(.*\.)?(gamma|factor|eta_min_ratio)', 0, finite=True),
    _Bound('param_scheduler', r'(.*\.)?(begin|patience|cooldown)', 0),
    _Bound('param_scheduler', r'(.*\.)?(T_max|step_size|total_steps)', 1),
    _Bound('param_scheduler', r'(.*\.)?milestones\.\d+', 0),
    _Bound('randomness', r'seed', 0, most=2**32 - 1),
    _Bound('train_cfg', r'dynamic_intervals\.\d+\.1', 1),
)


def check_bounds(cfg: Config) -> list[Problem]:
    """Check the numbers whose bounds are the same in every config.

    Example:
        >>> cfg = Config(dict(param_scheduler=[dict(type='StepLR', step_size=0)]))
        >>> print(check_bounds(cfg)[0])
        param_scheduler.0.step_size is 0, expected at least 1
    """
    return [problem for bound in _BOUNDS for problem in _outside(cfg, bound)]


def _outside(cfg: Config, bound: _Bound) -> Iterator[Problem]:
    for place, value in numbers_in(cfg.get(bound.section), ''):
        if not re.fullmatch(bound.place, place):
            continue
        path = f'{bound.section}.{place}'
        if value < bound.least or (bound.more and value == bound.least):
            least = 'more than' if bound.more else 'at least'
            yield Problem(path, f'is {value}, expected {least} {bound.least}')
        elif bound.finite and math.isinf(value):
            yield Problem(path, f'is {value}, expected a finite number')
        elif bound.most is not None and value > bound.most:
            yield Problem(path, f'is {value}, expected at most {bound.most}')


def numbers_in(node: Any, path: str) -> Iterator[tuple[str, float]]:
    """The numbers in a section, each with its path below it."""
    if isinstance(node, (int, float)) and not isinstance(node, bool):
        yield path, node
    if isinstance(node, (list, tuple)):
        node = dict(enumerate(node))
    for key, value in node.items() if isinstance(node, Mapping) else ():
        yield from numbers_in(value, f'{path}.{key}' if path else str(key))
