"""Check whether the sections of a config fit each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config

from ..errors import Problem, did_you_mean
from ..registry import LOOPS, METRICS, MODELS
from ..signature import default_of
from .data import classes_of
from .parts import target_of

__all__ = [
    'check_channels',
    'check_classes',
    'check_loops',
    'check_named_parts',
    'check_predictions',
    'check_schedules',
    'check_topk',
    'metrics_of',
    'misnamed_schedules',
    'value_at',
    'without_predictions',
]

#: Where the parts of a model count classes.
_MODEL_COUNTS = (
    ('model',),
    ('model', 'head'),
    ('model', 'backbone'),
    ('model', 'data_preprocessor'),
    ('data_preprocessor',),
)


def check_classes(cfg: Config) -> list[Problem]:
    """Check that each count of classes covers the classes of the datasets.

    A larger count is allowed: a head may have classes that a dataset does not contain.
    A model that does not state ``learns_classes`` may count something else, and is not
    checked.
    """
    problems: dict[str, Problem] = {}
    for phase in ('train', 'val', 'test'):
        found = classes_of(value_at(cfg, f'{phase}_dataloader', 'dataset'))
        if found is None:
            continue
        name, classes = found
        for path, counted in _class_counts(cfg, phase):
            if 0 < counted < len(classes):
                message = f'is {counted}, but {name} has {len(classes)} classes'
                # Another count for a test would not fit the training.
                own = phase == 'train' or path.startswith(f'{phase}_evaluator')
                hint = f'; set {path}={len(classes)}' if own else ''
                problems.setdefault(path, Problem(path, message + hint))
    return list(problems.values())


def _class_counts(cfg: Config, phase: str) -> Iterator[tuple[str, int]]:
    """Where classes are counted for a phase, and how many."""
    if _learns_classes(cfg.get('model')):
        for keys in _MODEL_COUNTS:
            yield from _count('.'.join(keys), value_at(cfg, *keys))
    for path, metric in metrics_of(cfg, phase):
        yield from _count(path, metric)


def _learns_classes(model: Any) -> bool:
    """Whether a model states that it learns the classes of the dataset."""
    return getattr(target_of(model, MODELS), 'learns_classes', False)


def _count(path: str, part: Any) -> Iterator[tuple[str, int]]:
    count = part.get('num_classes') if isinstance(part, Mapping) else None
    if isinstance(count, int):
        yield f'{path}.num_classes', count


def check_topk(cfg: Config) -> list[Problem]:
    """Check that no top-k asks for more classes than the head has."""
    count = value_at(cfg, 'model', 'head', 'num_classes')
    if not isinstance(count, int) or not _learns_classes(cfg.get('model')):
        return []
    parts = [('model.head', cfg.model.head)]
    for phase in ('val', 'test'):
        if phase == 'val' or cfg.get('test_evaluator') != cfg.get('val_evaluator'):
            parts += [m for m in metrics_of(cfg, phase) if _ranks_classes(m[1])]
    problems = []
    for path, part in parts:
        topk = part.get('topk')
        wanted = [k for k in _as_list(topk) if isinstance(k, int) and k > count]
        if wanted:
            message = f'is {topk}, but model.head.num_classes is {count}'
            problems.append(
                Problem(f'{path}.topk', f'{message}; ask for {count} at most')
            )
    return problems


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _ranks_classes(metric: Any) -> bool:
    ranks = getattr(target_of(metric, METRICS), 'ranks_classes', False)
    return ranks and isinstance(metric, Mapping)


def check_channels(cfg: Config) -> list[Problem]:
    """Check that images are normalised with as many channels as the backbone reads.

    A single mean is that of all channels. A model that does not learn the classes
    may change the channels in between, and is not checked.
    """
    backbone = value_at(cfg, 'model', 'backbone')
    if not isinstance(backbone, Mapping) or not _learns_classes(cfg.model):
        return []
    target = target_of(backbone, MODELS)
    default = default_of(target, 'in_channels') if callable(target) else None
    reads = backbone.get('in_channels', default)
    own = value_at(cfg, 'model', 'data_preprocessor')
    path = 'data_preprocessor' if own is None else 'model.data_preprocessor'
    mean = value_at(cfg, *path.split('.'), 'mean')
    count = len(mean) if isinstance(mean, (list, tuple)) else 1
    if count == 1 or not isinstance(reads, int) or reads == count:
        return []
    message = (
        f'is {reads}, but {path}.mean has {count} values, one per channel; set the '
        f'mean and std of {reads} channel{"s"[: reads != 1]} or in_channels={count}'
    )
    return [Problem('model.backbone.in_channels', message)]


def check_named_parts(cfg: Config, modules: Sequence[str] | None) -> list[Problem]:
    """Check that parts of the model that are named at the top are there.

    Args:
        cfg: A config.
        modules: The names of all parts; None if the model was not built.
    """
    problems = []
    for key in ('activation_checkpointing', 'efficient_conv_bn_eval'):
        names = _as_list(cfg.get(key) or [])
        if not all(isinstance(name, str) for name in names):
            message = f"is {cfg[key]!r}, expected names of parts, e.g. ['backbone']"
            problems.append(Problem(key, message))
            continue
        for name in names if modules is not None else ():
            if name not in modules:
                top = [part for part in modules if '.' not in part]
                hint = did_you_mean(name, modules) or f'; it has {", ".join(top)}'
                message = f'the model has no part {name!r}{hint}'
                problems.append(Problem(key, message))
    return problems


def metrics_of(cfg: Config, phase: str) -> list[tuple[str, Any]]:
    """The metrics of a phase, each with its place."""
    path, metrics = f'{phase}_evaluator', cfg.get(f'{phase}_evaluator')
    if isinstance(metrics, Mapping) and 'metrics' in metrics:
        path, metrics = f'{path}.metrics', metrics['metrics']
    if isinstance(metrics, (list, tuple)):
        return [(f'{path}.{i}', metric) for i, metric in enumerate(metrics)]
    return [] if metrics is None else [(path, metrics)]


def value_at(cfg: Mapping[str, Any], *keys: str) -> Any:
    """The value at a path; None if there is none.

    Example:
        >>> value_at(dict(a=dict(b=1)), 'a', 'b'), value_at(dict(a=1), 'a', 'b')
        (1, None)
    """
    node: Any = cfg
    for key in keys:
        node = node.get(key) if isinstance(node, (Mapping, Config)) else None
    return node


def without_predictions(cfg: Config) -> str:
    """The name of the model's class if it does not predict, else nothing.

    Example:
        >>> without_predictions(Config(dict(model=dict(type='SimCLR'))))
        'SimCLR'
    """
    model = target_of(cfg.get('model'), MODELS)
    return '' if getattr(model, 'predicts', True) else model.__name__


def check_predictions(cfg: Config) -> list[Problem]:
    """Check that no predictions are asked of a model that gives none.

    It may be validated by metrics that state ``takes_features``.
    """
    model = without_predictions(cfg)
    if not model:
        return []
    problems = []
    for phase in ('val', 'test'):
        for path, metric in metrics_of(cfg, phase):
            if not getattr(target_of(metric, METRICS), 'takes_features', False):
                message = (
                    f'needs predictions, but {model} does not predict; leave '
                    f'out {phase}_dataloader, {phase}_cfg and {phase}_evaluator, or '
                    'use metrics of features'
                )
                problems.append(Problem(path, message))
    return problems


def check_loops(cfg: Config) -> list[Problem]:
    """Check that the model has the methods that the loops of an evaluation call.

    A loop states them as ``model_methods``.
    """
    model = target_of(cfg.get('model'), MODELS)
    problems = []
    for phase in ('val', 'test') if model is not None else ():
        loop = target_of(cfg.get(f'{phase}_cfg'), LOOPS)
        for name in getattr(loop, 'model_methods', ()):
            if not hasattr(model, name):
                message = f'calls model.{name}, which {model.__name__} does not have'
                problems.append(
                    Problem(f'{phase}_cfg.type', f'{loop.__name__} {message}')
                )
    return problems


def check_schedules(cfg: Config) -> list[Problem]:
    """Check that of several optimizers each has its schedules, by name."""
    wrapper = cfg.get('optim_wrapper')
    names = [
        name
        for name, inner in (wrapper.items() if isinstance(wrapper, Mapping) else ())
        if isinstance(inner, Mapping) and 'optimizer' in inner
    ]
    message = misnamed_schedules(cfg.get('param_scheduler'), names) if names else ''
    return [Problem('param_scheduler', message)] if message else []


def misnamed_schedules(schedules: Any, names: Sequence[str]) -> str:
    """What is wrong with the names of schedules, if they have names.

    Args:
        schedules: The section ``param_scheduler``.
        names: Those of the optimizers.

    Example:
        >>> misnamed_schedules(dict(backbone=[], haed=[]), ['backbone', 'head'])
        "has schedules for 'haed', but the optimizers are backbone, head; did you mean
        'head'?"
    """
    if not isinstance(schedules, Mapping) or 'type' in schedules:
        return ''
    optimizers = f'the optimizers are {", ".join(names)}'
    for name in schedules:
        if name not in names:
            hint = did_you_mean(name, names)
            return f'has schedules for {name!r}, but {optimizers}{hint}'
    lacking = [name for name in names if name not in schedules]
    if not lacking:
        return ''
    return f'has no schedules for {lacking[0]!r}; an empty list keeps its rate'
