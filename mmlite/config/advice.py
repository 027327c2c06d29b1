"""Settings that are allowed but seldom intended: warnings, not errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from mmengine.config import Config

from ..errors import Problem, did_you_mean
from ..registry import TRANSFORMS
from .data import dataset_of
from .evaluating import advise_evaluation
from .fitting import value_at, without_predictions
from .helpers import is_idle
from .image_sizes import advise_image_size
from .initializers import advise_initializers
from .merging import DELETE, MISSPELT_DELETE
from .monitors import monitored
from .one_cycle import advise_one_cycle
from .own_classes import advise_methods
from .parts import target_of
from .phases import idle_sections
from .pixels import advise_pixels
from .timing import advise_timing
from .variables import unread_variables
from .warm_up import advise_warm_up

__all__ = ['advice_on', 'advise_custom_keys', 'is_for_training']

#: Sections that only a training reads.
_OF_TRAINING = (
    'auto_scale_lr',
    'custom_hooks',
    'default_hooks',
    'log_processor',
    'optim_wrapper',
    'param_scheduler',
    'sync_bn',
    'train_cfg',
    'train_dataloader',
    'val_cfg',
    'val_dataloader',
    'val_evaluator',
)


def is_for_training(advice: Problem) -> bool:
    """Whether a warning is about training, so that a test or validation can skip it.

    Example:
        >>> is_for_training(Problem('param_scheduler.0.end', 'is 50'))
        True
    """
    return advice.path.partition('.')[0] in _OF_TRAINING


def advice_on(cfg: Config) -> list[Problem]:
    """Settings that have no effect, or may not be intended.

    See :func:`advise_custom_keys` for what needs the model.
    """
    timing = [*advise_timing(cfg), *advise_warm_up(cfg), *advise_one_cycle(cfg)]
    own = [*_idle(cfg), *timing, *_unwatched(cfg), *_unpacked(cfg)]
    model = dict(model=cfg.get('model'))
    of_parts = [*advise_initializers(model), *advise_image_size(cfg)]
    of_parts += advise_pixels(cfg)
    of_classes = advise_methods(dict(cfg.items()))
    return [*own, *of_parts, *advise_evaluation(cfg), *of_classes]


def _unpacked(cfg: Config) -> Iterator[Problem]:
    """Pipelines that end in a step which does not pack, as those of old versions."""
    for phase in ('train', 'val', 'test'):
        steps = dataset_of(cfg, phase).get('pipeline')
        last = steps[-1] if isinstance(steps, (list, tuple)) and steps else None
        own = value_at(cfg, f'{phase}_dataloader', 'collate_fn') is not None
        if last is not None and not (own or _packs(last) or _some_pack(steps[:-1])):
            name = target_of(last, TRANSFORMS).__name__
            message = (
                f'ends in {name}, and a batch of it has no inputs and no '
                "data_samples; let dict(type='PackInputs') be the last step"
            )
            yield Problem(f'{phase}_dataloader.dataset.pipeline', message)


def _packs(step: Any) -> bool:
    """Whether a step, or one within it, may give what a batch is made of."""
    if isinstance(step, (list, tuple)):
        return any(map(_packs, step))
    target = target_of(step, TRANSFORMS)
    if not getattr(target, 'packs', True):
        return False
    if not getattr(target, '__module__', '').startswith('mmlite.'):
        return True  # of one's own
    inner = step.get('transforms') if isinstance(step, Mapping) else None
    return target.__name__.startswith('Pack') or (inner is not None and _packs(inner))


def _some_pack(steps: Sequence[Any]) -> bool:
    """Whether one of ours packs, after which other steps work on what it gives."""
    kinds = [target_of(step, TRANSFORMS) for step in steps]
    return any(getattr(kind, '__name__', '').startswith('Pack') for kind in kinds)


def _idle(cfg: Config) -> Iterator[Problem]:
    """Keys that stand in published configs, and that nothing reads."""
    for key in cfg:
        if is_idle(key, cfg):
            yield Problem(key, 'is not read; leave it out')
    for key, message in unread_variables(cfg):
        yield Problem(key, message)
    for key, message in idle_sections(cfg).items():
        # With test_cfg=None it is there for predictions, which prepare pictures so.
        is_kept = 'test_cfg' in cfg or without_predictions(cfg)
        if key != 'test_dataloader' or not is_kept:
            yield Problem(key, message)
    for path in _misspelt_deletes(dict(cfg.items()), ''):
        message = f'is not read: the key that replaces a dict is {DELETE!r}'
        yield Problem(path, message)
    if cfg.get('sync_bn') and not torch.cuda.is_available():
        message = 'has no effect without a GPU: each process has statistics of its own'
        yield Problem('sync_bn', message)


def _misspelt_deletes(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, (list, tuple)):
        node = dict(enumerate(node))
    for key, value in node.items() if isinstance(node, Mapping) else ():
        place = f'{path}.{key}' if path else str(key)
        if key == MISSPELT_DELETE:
            yield place
        else:
            yield from _misspelt_deletes(value, place)


def _unwatched(cfg: Config) -> Iterator[Problem]:
    """Hooks and schedules that watch a validation, where there is none."""
    if cfg.get('val_evaluator') is not None or cfg.get('train_cfg') is None:
        return
    for path, name in monitored(cfg):
        if not path.endswith('save_best') and 'train' not in name:
            message = f'is {name!r}, but there is no validation that would give it'
            yield Problem(path, message)


def advise_custom_keys(cfg: Config, parameters: Iterable[str]) -> list[Problem]:
    """The ``custom_keys`` that occur in no name of a parameter.

    Args:
        cfg: A config.
        parameters: The names of the model's parameters.
    """
    path = ('optim_wrapper', 'paramwise_cfg', 'custom_keys')
    keys = value_at(cfg, *path)
    if not isinstance(keys, Mapping):
        return []
    names = [f'.{name}' for name in parameters]
    words = {word for name in names for word in name.split('.') if word}
    texts = [key for key in keys if isinstance(key, str)]
    idle = [key for key in texts if not any(key in name for name in names)]
    parts = [f'{key!r}{_nearest(key, words)}' for key in idle]
    if not parts:
        return []
    message = f'{", ".join(parts)}: in the name of no parameter'
    return [Problem('.'.join(path), message)]


def _nearest(key: str, words: Iterable[str]) -> str:
    hint = did_you_mean(key.split('.')[-1] or key, words, 0.75)
    return f' ({hint[2:]})' if hint else ''
