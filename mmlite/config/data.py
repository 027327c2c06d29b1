"""Check what loads the data: loaders, datasets, pipelines, samplers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import Problem
from ..registry import DATA_SAMPLERS, DATASETS, FUNCTIONS, TRANSFORMS
from ..signature import arguments_of
from .parts import check_keys, check_part, check_parts, is_built, under
from .schema import dataloader

__all__ = ['check_loader', 'check_pipeline', 'classes_of']

_SAMPLERS = (
    ('sampler', ('dataset', 'seed')),
    ('batch_sampler', ('dataset', 'sampler', 'batch_size', 'drop_last', 'seed')),
)


def check_loader(cfg: Any) -> list[Problem]:
    """Check ``train_dataloader``, ``val_dataloader`` or ``test_dataloader``."""
    if not isinstance(cfg, Mapping):
        return [] if is_built(cfg) else check_keys(cfg, dataloader)
    cfg, problems = dict(cfg), []
    if 'shuffle' in cfg:
        del cfg['shuffle']
        problems.append(Problem('shuffle', 'is set in the sampler: sampler.shuffle'))
    given = ('batch_size', 'sampler') if cfg.get('batch_sampler') else ()
    problems += check_keys(cfg, dataloader, given)
    for key, least in (('batch_size', 1), ('num_workers', 0)):
        if isinstance(cfg.get(key), int) and cfg[key] < least:
            problems.append(Problem(key, f'is {cfg[key]}, expected at least {least}'))
    problems += under(_check_dataset(cfg.get('dataset', {})), 'dataset')
    for key, given in _SAMPLERS:
        if isinstance(cfg.get(key), Mapping):
            problems += under(check_part(cfg[key], DATA_SAMPLERS, given), key)
    for key in ('collate_fn', 'worker_init_fn'):
        if isinstance(cfg.get(key), Mapping):
            problems += under(_check_function(cfg[key]), key)
    return problems


def _check_function(cfg: Mapping[str, Any]) -> list[Problem]:
    """Check a function whose first arguments come with every call."""
    target = cfg.get('type')
    target = FUNCTIONS.get(target) if isinstance(target, str) else target
    given = arguments_of(target).required if callable(target) else ()
    return check_part(cfg, FUNCTIONS, given)


def _check_dataset(cfg: Any) -> list[Problem]:
    """Check a dataset, or one around others."""
    if not isinstance(cfg, Mapping) or not cfg:
        return []
    problems = check_part(cfg, DATASETS)
    if isinstance(cfg.get('dataset'), Mapping):
        problems += under(_check_dataset(cfg['dataset']), 'dataset')
    if isinstance(cfg.get('datasets'), Sequence):
        problems += under(check_parts(cfg['datasets'], _check_dataset), 'datasets')
    if isinstance(cfg.get('pipeline'), Sequence):
        problems += under(check_pipeline(cfg['pipeline']), 'pipeline')
    return problems


def check_pipeline(cfgs: Any) -> list[Problem]:
    """Check a list of transforms."""
    return check_parts(cfgs, _check_transform)


def _check_transform(cfg: Any) -> list[Problem]:
    """Check a transform, and those inside it."""
    if isinstance(cfg, (list, tuple)):  # one branch of a choice
        return check_pipeline(cfg)
    inner = []
    if isinstance(cfg, Mapping) and isinstance(cfg.get('transforms'), (list, tuple)):
        inner = under(check_pipeline(cfg['transforms']), 'transforms')
    return [*check_part(cfg, TRANSFORMS, trial=None if inner else {}), *inner]


def classes_of(cfg: Any) -> tuple[str, Sequence[str]] | None:
    """The name and the classes of a dataset, where they are known beforehand."""
    while isinstance(cfg, Mapping):
        own = {**(cfg.get('metainfo') or {}), **cfg}.get('classes')
        kind = cfg.get('type')
        target = DATASETS.get(kind) if isinstance(kind, str) else kind
        meta = getattr(target, 'METAINFO', None) or {}
        classes = own or meta.get('classes')
        if isinstance(classes, (list, tuple)) and classes:
            return target.__name__, classes
        inner = cfg.get('datasets') or [cfg.get('dataset')]
        cfg = inner[0] if isinstance(inner, (list, tuple)) else None
    return None
