"""Check whether the sections of a config fit each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from ..errors import Problem, did_you_mean
from ..registry import METRICS, MODELS
from ..signature import default_of
from .data import classes_of

__all__ = ['check_channels', 'check_classes', 'check_save_best', 'check_topk']

#: Metrics whose ``topk`` picks from the scores of the classes.
_TOPK_OF_CLASSES = ('Accuracy', 'MultiLabelMetric')

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


def check_topk(cfg: Config) -> list[Problem]:
    """See that nobody asks for more of the best classes than the head knows."""
    count = _at(cfg, 'model', 'head', 'num_classes')
    if not isinstance(count, int) or not _learns_classes(_at(cfg, 'model', 'type')):
        return []
    parts = [('model.head', cfg.model.head)]
    for phase in ('val', 'test'):
        if phase == 'val' or cfg.get('test_evaluator') != cfg.get('val_evaluator'):
            parts += [m for m in _metrics(cfg, phase) if _ranks_classes(m[1])]
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
    kind = metric.get('type') if isinstance(metric, Mapping) else None
    target = METRICS.get(kind) if isinstance(kind, str) else kind
    known = tuple(METRICS.get(name) for name in _TOPK_OF_CLASSES)
    return isinstance(target, type) and issubclass(target, known)


def check_channels(cfg: Config) -> list[Problem]:
    """See that images are normalised with as many channels as the backbone reads.

    A single mean is that of all channels. A whole with a loss of its own may
    change the channels in between, and is not asked.
    """
    backbone = _at(cfg, 'model', 'backbone')
    if not isinstance(backbone, Mapping) or not _learns_classes(cfg.model.get('type')):
        return []
    kind = backbone.get('type')
    target = MODELS.get(kind) if isinstance(kind, str) else kind
    default = default_of(target, 'in_channels') if callable(target) else None
    reads = backbone.get('in_channels', default)
    own = _at(cfg, 'model', 'data_preprocessor')
    path = 'data_preprocessor' if own is None else 'model.data_preprocessor'
    mean = _at(cfg, *path.split('.'), 'mean')
    count = len(mean) if isinstance(mean, (list, tuple)) else 1
    if count == 1 or not isinstance(reads, int) or reads == count:
        return []
    message = (
        f'is {reads}, but {path}.mean has {count} values, one per channel; set the '
        f'mean and std of {reads} channel{"s"[: reads != 1]} or in_channels={count}'
    )
    return [Problem('model.backbone.in_channels', message)]


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
