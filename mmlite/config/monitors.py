"""Check what watches the results of the validation."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from mmengine.config import Config

from ..errors import Problem, did_you_mean
from ..registry import LOOPS, METRICS
from .fitting import metrics_of, value_at
from .parts import is_built, target_of

__all__ = ['check_monitors', 'monitored']

_SHOWN = 8
_SECTIONS = ('default_hooks', 'custom_hooks')


class _Results(NamedTuple):
    """What a metric calls its results.

    Args:
        prefix: What all of them begin with, e.g. ``'accuracy/'``.
        names: The names with it; None if the metric does not say them beforehand.
    """

    prefix: str
    names: list[str] | None


def check_monitors(cfg: Config) -> list[Problem]:
    """Check that each name that is watched is that of a result of some metric.

    Names are those of ``save_best``, of a hook's or a scheduler's ``monitor``. Beside
    the results of metrics there are the losses that a model gives when it predicts. For
    a metric that does not state its names beforehand only the prefix is checked.
    """
    found = [_results(metric) for _, metric in metrics_of(cfg, 'val')]
    if not found or None in found:
        return _given_twice(cfg)
    before = _prefixes_of_loop(cfg)
    names = [name for each in found for name in each.names or ()]
    names = [f'{prefix}{name}' for prefix, name in product(before, names)]
    others = [each.prefix for each in found if each.names is None]
    others = [f'{prefix}{other}' for prefix, other in product(before, others)]
    if _evaluates_twice(cfg):
        names += [f'{name}_origin' for name in names]
    problems = _given_twice(cfg)
    for path, name in monitored(cfg):
        is_loss = '/' not in name and 'loss' in name
        if not (is_loss or name in names or name.startswith(tuple(others))):
            message = (
                f'is {name!r}, but no metric gives that{_hint(name, names, others)}'
            )
            problems.append(Problem(path, message))
    return problems


def _evaluates_twice(cfg: Config) -> bool:
    """Whether the weights themselves are evaluated beside their moving average."""
    parts = [p for s in _SECTIONS for _, p in _parts(cfg.get(s), s)]
    return any(part.get('evaluate_on_origin') is True for part in parts)


def _given_twice(cfg: Config) -> list[Problem]:
    """Metrics of one evaluator that give a result of the same name."""
    problems = []
    for phase in ('val', 'test'):
        if phase == 'test' and cfg.get('test_evaluator') == cfg.get('val_evaluator'):
            continue
        seen: dict[str, str] = {}
        for path, metric in metrics_of(cfg, phase):
            results = _results(metric)
            for name in results.names or () if results else ():
                if name in seen:
                    message = (
                        f'gives {name!r}, and so does {seen[name]}; give one of them a '
                        "prefix of its own, e.g. prefix='second'"
                    )
                    problems.append(Problem(path, message))
                    break
                seen[name] = path
    return problems


def _prefixes_of_loop(cfg: Config) -> tuple[str, ...]:
    """What the validation loop puts before the names of results."""
    loop = target_of(value_at(cfg, 'val_cfg'), LOOPS)
    return getattr(loop, 'result_prefixes', ('',))


def _hint(name: str, names: list[str], prefixes: list[str]) -> str:
    """What could have been meant."""
    rest = name.partition('/')[2]
    near = did_you_mean(name, [*names, *(f'{prefix}{rest}' for prefix in prefixes)])
    more = ['...'] if len(names) > _SHOWN else []
    known = [*names[:_SHOWN], *more, *(f'{prefix}...' for prefix in prefixes)]
    return near or f'; there are {", ".join(known)}'


def monitored(cfg: Config) -> Iterator[tuple[str, str]]:
    """Every name of a result that something watches, with its place."""
    wanted = value_at(cfg, 'default_hooks', 'checkpoint', 'save_best')
    several = wanted if isinstance(wanted, (list, tuple)) else [wanted]
    for name in several:
        if isinstance(name, str) and name != 'auto':
            yield 'default_hooks.checkpoint.save_best', name
    for section in (*_SECTIONS, 'param_scheduler'):
        for path, part in _parts(cfg.get(section), section):
            if isinstance(part.get('monitor'), str):
                yield f'{path}.monitor', part['monitor']
    built = cfg.get('custom_hooks')
    for i, hook in enumerate(built if isinstance(built, (list, tuple)) else ()):
        name = getattr(hook, 'monitor', None) if is_built(hook) else None
        if isinstance(name, str):
            yield f'custom_hooks.{i}.monitor', name


def _parts(node: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A dict or those in a list or dict of them, each with its place."""
    if isinstance(node, (list, tuple)):
        node = dict(enumerate(node))
    elif isinstance(node, Mapping) and ('type' in node or 'monitor' in node):
        yield path, node
        return
    for key, value in node.items() if isinstance(node, Mapping) else ():
        yield from _parts(value, f'{path}.{key}')


def _results(metric: Any) -> _Results | None:
    """What a metric calls its results; None if not even their prefix is known."""
    if isinstance(metric, Mapping):
        kind = target_of(metric, METRICS)
        prefix = metric.get('prefix') or getattr(kind, 'default_prefix', None)
    else:
        kind, prefix = type(metric), getattr(metric, 'prefix', None)
    names = _names_of(metric) if hasattr(kind, 'result_names') else None
    if names is None:
        return _Results(f'{prefix}/', None) if prefix else None
    before = f'{prefix}/' if prefix else ''
    return _Results(before, [f'{before}{name}' for name in names])


def _names_of(metric: Any) -> list[str] | None:
    """The names of a metric's results, without its prefix."""
    try:
        if isinstance(metric, Mapping):
            metric = METRICS.build(copy.deepcopy(dict(metric)))
        return metric.result_names()
    except Exception:  # what is wrong with the metric is reported for itself
        return None
