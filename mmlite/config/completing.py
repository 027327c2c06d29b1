"""Fill in from the data what a config leaves open."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config

from ..errors import Problem, UserError
from ..registry import DATASETS, METRICS, MODELS
from ..signature import arguments_of
from .data import classes_of
from .fitting import metrics_of, value_at
from .parts import target_of
from .phases import missing_sections

__all__ = ['complete_counts', 'completed', 'tests_as_it_validates', 'uncounted']


def completed(cfg: Config) -> Config:
    """The config, with what it leaves open filled in from its data.

    - Where the model counts classes (``class_counts`` of the whole) and the count is
      None or not stated, it is that of the training data; ``topk`` of the head and of
      metrics is then limited to that number.
    - A config that validates, and has neither ``test_dataloader`` nor
      ``test_evaluator``, tests on what it validates on.

    Args:
        cfg: The config, which is changed. Where the data are absent, counts stay open.

    Example:
        >>> loader = dict(dataset=dict(type='Digits'))
        >>> head = dict(type='LinearClsHead', in_channels=4, num_classes=None)
        >>> cfg = Config(dict(
        ...     model=dict(type='ImageClassifier', head=head),
        ...     train_dataloader=loader, val_dataloader=loader, val_evaluator=dict()))
        >>> cfg = completed(cfg)
        >>> cfg.model.head.num_classes, cfg.test_dataloader == cfg.val_dataloader
        (10, True)
    """
    if not missing_sections(cfg, 'val') and not any(
        key in cfg for key in ('test_dataloader', 'test_evaluator')
    ):
        cfg.test_dataloader = copy.deepcopy(cfg.val_dataloader)
        cfg.test_evaluator = copy.deepcopy(cfg.val_evaluator)
    complete_counts(cfg, lambda: _counted(cfg))
    return cfg


def tests_as_it_validates(cfg: Mapping[str, Any]) -> bool:
    """Whether a config's test is its validation, stated or filled in, or is not there.

    Example:
        >>> loader = dict(batch_size=4)
        >>> cfg = dict(val_dataloader=loader, test_dataloader=dict(loader))
        >>> tests_as_it_validates(cfg), tests_as_it_validates(dict(val_evaluator={}))
        (True, True)
    """
    return all(
        f'test_{part}' not in cfg or cfg[f'test_{part}'] == cfg.get(f'val_{part}')
        for part in ('dataloader', 'evaluator')
    )


def complete_counts(cfg: Config, count: Callable[[], int | None]) -> None:
    """Fill in the numbers of classes that a config leaves open.

    Args:
        cfg: The config, which is changed.
        count: Counts the classes, if that is needed; None is an unknown number.
    """
    places = list(_open_counts(cfg))
    number = count() if places else None
    if number is None:
        return
    for holder, key, _ in places:
        holder[key] = number
    for part in _ranking_parts(cfg):
        topk = part.get('topk')
        if isinstance(topk, Sequence) and not isinstance(topk, str):
            part['topk'] = type(topk)(k for k in topk if k <= number) or (number,)


def uncounted(cfg: Config) -> list[Problem]:
    """The numbers of classes that stayed open, and why."""
    places = [path for *_, path in _open_counts(cfg)]
    if not places:
        return []
    try:
        _count_of(cfg)
        reason = 'its dataset names no classes'
    except (OSError, UserError) as error:
        reason = str(error)
    message = (
        'is left open, to be counted in train_dataloader.dataset, but that is not '
        f'possible; state it: {reason}'
    )
    return [Problem(path, message) for path in places]


def _open_counts(cfg: Config) -> Iterator[tuple[dict, str, str]]:
    """Each place where a count is left open: the dict, the key, the path."""
    whole = target_of(cfg.get('model'), MODELS)
    for path in getattr(whole, 'class_counts', ()):
        *keys, key = path.split('.')
        holder = value_at(cfg, 'model', *keys)
        if isinstance(holder, Mapping) and _is_open(holder, key):
            yield holder, key, f'model.{path}'


def _is_open(holder: Mapping[str, Any], key: str) -> bool:
    if key in holder:
        return holder[key] is None
    if 'type' not in holder:
        return True
    target = target_of(holder, MODELS)
    return callable(target) and key in arguments_of(target).required


def _ranking_parts(cfg: Config) -> Iterator[Any]:
    head = value_at(cfg, 'model', 'head')
    metrics = [m for phase in ('val', 'test') for _, m in metrics_of(cfg, phase)]
    for part in (head, *metrics):
        if isinstance(part, Mapping) and (
            part is head or getattr(target_of(part, METRICS), 'ranks_classes', False)
        ):
            yield part


def _counted(cfg: Config) -> int | None:
    try:
        return _count_of(cfg)
    except (OSError, UserError):
        return None  # said by :func:`uncounted`, where somebody needs it


def _count_of(cfg: Config) -> int | None:
    """The number of classes of the training data."""
    settings = value_at(cfg, 'train_dataloader', 'dataset')
    if not isinstance(settings, Mapping):
        return None
    known = classes_of(settings)
    if known is None:
        dataset = DATASETS.build(dict(copy.deepcopy(dict(settings)), pipeline=[]))
        classes = (getattr(dataset, 'metainfo', None) or {}).get('classes')
        known = '', classes or ()
    return len(known[1]) or None
