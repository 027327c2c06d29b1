"""Check whether the sections of a config fit each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from ..errors import Problem, did_you_mean
from ..registry import METRICS, MODELS
from .data import classes_of

__all__ = ['check_classes', 'check_save_best']

#: Where the parts of a model count classes.
_MODEL_COUNTS = (
    ('model', 'head'),
    ('model', 'backbone'),
    ('model', 'data_preprocessor'),
    ('data_preprocessor',),
)


def check_classes(cfg: Config) -> list[Problem]:
    """See that whoever counts classes counts as many as the datasets have.

    More than there are is allowed: a head may know classes that a dataset does
    not show. A whole with a loss of its own may count something else than the
    classes of the dataset, and is not asked.
    """
    problems: dict[str, Problem] = {}
    for phase in ('train', 'val', 'test'):
        found = classes_of(_at(cfg, f'{phase}_dataloader', 'dataset'))
        if found is None:
            continue
        name, classes = found
        for path, counted in _class_counts(cfg, phase):
            if 0 < counted < len(classes):
                message = f'is {counted}, but {name} has {len(classes)} classes'
                hint = f'; set {path}={len(classes)}'
                problems.setdefault(path, Problem(path, message + hint))
    return list(problems.values())


def _class_counts(cfg: Config, phase: str) -> Iterator[tuple[str, int]]:
    """Where classes are counted for a phase, and how many."""
    if _learns_classes(_at(cfg, 'model', 'type')):
        for keys in _MODEL_COUNTS:
            yield from _count('.'.join(keys), _at(cfg, *keys))
    for path, metric in _metrics(cfg, phase):
        yield from _count(path, metric)


def _learns_classes(whole: Any) -> bool:
    """Whether a whole learns the classes of a dataset, as a classifier does."""
    whole = MODELS.get(whole) if isinstance(whole, str) else whole
    classifier = MODELS.get('ImageClassifier')
    return getattr(whole, 'loss', None) is classifier.loss


def _count(path: str, part: Any) -> Iterator[tuple[str, int]]:
    count = part.get('num_classes') if isinstance(part, Mapping) else None
    if isinstance(count, int):
        yield f'{path}.num_classes', count


def _metrics(cfg: Config, phase: str) -> list[tuple[str, Any]]:
    """The metrics of a phase, each with its place."""
    path, metrics = f'{phase}_evaluator', cfg.get(f'{phase}_evaluator')
    if isinstance(metrics, Mapping) and 'metrics' in metrics:
        path, metrics = f'{path}.metrics', metrics['metrics']
    if isinstance(metrics, (list, tuple)):
        return [(f'{path}.{i}', metric) for i, metric in enumerate(metrics)]
    return [] if metrics is None else [(path, metrics)]


def _at(cfg: Mapping[str, Any], *keys: str) -> Any:
    """What stands at a path, or None."""
    node: Any = cfg
    for key in keys:
        node = node.get(key) if isinstance(node, (Mapping, Config)) else None
    return node


def check_save_best(cfg: Config) -> list[Problem]:
    """See that ``save_best`` begins as the results of some metric do."""
    wanted = _at(cfg, 'default_hooks', 'checkpoint', 'save_best')
    prefixes = [_prefix(metric) for _, metric in _metrics(cfg, 'val')]
    if not prefixes or None in prefixes:
        return []
    problems = []
    for key in [wanted] if isinstance(wanted, str) else wanted or ():
        if key != 'auto' and not any(key.startswith(f'{p}/') for p in prefixes):
            begin = did_you_mean(key.split('/')[0], prefixes) or (
                f'; they begin with {" or ".join(f"{p}/" for p in prefixes)}'
            )
            message = f'is {key!r}, but no metric begins so{begin}'
            problems.append(Problem('default_hooks.checkpoint.save_best', message))
    return problems


def _prefix(metric: Any) -> str | None:
    """What the names of a metric's results begin with; None if unknown."""
    if not isinstance(metric, Mapping):
        return getattr(metric, 'prefix', None)
    kind = metric.get('type')
    target = METRICS.get(kind) if isinstance(kind, str) else kind
    return metric.get('prefix') or getattr(target, 'default_prefix', None)
