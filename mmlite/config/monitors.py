"""Check what watches the results of the validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from ..errors import Problem, did_you_mean
from ..registry import METRICS
from .fitting import at, metrics_of
from .parts import target_of

__all__ = ['check_monitors', 'monitored']


def check_monitors(cfg: Config) -> list[Problem]:
    """See that each name that is watched begins as the results of some metric do.

    Names are those of ``save_best``, of a hook's or a scheduler's ``monitor``. Beside
    the results of metrics there are the losses that a model gives when it predicts.
    """
    prefixes = [_prefix(metric) for _, metric in metrics_of(cfg, 'val')]
    if not prefixes or None in prefixes:
        return []
    problems = []
    for path, name in monitored(cfg):
        is_loss = '/' not in name and 'loss' in name
        if not is_loss and not any(name.startswith(f'{p}/') for p in prefixes):
            begin = did_you_mean(name.split('/')[0], prefixes) or (
                f'; they begin with {" or ".join(f"{p}/" for p in prefixes)}'
            )
            message = f'is {name!r}, but no metric begins so{begin}'
            problems.append(Problem(path, message))
    return problems


def monitored(cfg: Config) -> Iterator[tuple[str, str]]:
    """Every name of a result that something watches, with its place."""
    wanted = at(cfg, 'default_hooks', 'checkpoint', 'save_best')
    for name in [wanted] if isinstance(wanted, str) else wanted or ():
        if name != 'auto':
            yield 'default_hooks.checkpoint.save_best', name
    for section in ('default_hooks', 'custom_hooks', 'param_scheduler'):
        for path, part in _parts(cfg.get(section), section):
            if isinstance(part.get('monitor'), str):
                yield f'{path}.monitor', part['monitor']


def _parts(node: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A dict or those in a list or dict of them, each with its place."""
    if isinstance(node, (list, tuple)):
        node = dict(enumerate(node))
    elif isinstance(node, Mapping) and ('type' in node or 'monitor' in node):
        yield path, node
        return
    for key, value in node.items() if isinstance(node, Mapping) else ():
        yield from _parts(value, f'{path}.{key}')


def _prefix(metric: Any) -> str | None:
    """What the names of a metric's results begin with; None if unknown."""
    if not isinstance(metric, Mapping):
        return getattr(metric, 'prefix', None)
    default = getattr(target_of(metric, METRICS), 'default_prefix', None)
    return metric.get('prefix') or default
