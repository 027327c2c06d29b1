"""Check what loads the data: loaders, datasets, pipelines, samplers."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import Problem, UserError
from ..registry import DATA_SAMPLERS, DATASETS, FUNCTIONS, TRANSFORMS
from ..signature import arguments_of
from .parts import check_keys, check_part, check_parts, is_built, target_of, under
from .schema import dataloader

__all__ = [
    'check_evaluation_loader',
    'check_loader',
    'check_loader_keys',
    'check_pipeline',
    'classes_of',
    'dataset_of',
    'loaders_in',
]

#: What cannot be had of data in memory.
_BY_SAMPLE = ('collate_fn', 'batch_sampler')

#: What a batch sampler takes over from its loader, or holds itself.
_OF_BATCHES = ('batch_size', 'sampler', 'drop_last')

_SAMPLERS = (
    ('sampler', ('dataset', 'seed')),
    ('batch_sampler', ('dataset', 'sampler', 'batch_size', 'drop_last', 'seed')),
)


def check_loader(cfg: Any) -> list[Problem]:
    """Check ``train_dataloader``, or a loader that a model holds."""
    if not isinstance(cfg, Mapping):
        return [] if is_built(cfg) else check_keys(cfg, dataloader)
    problems = check_loader_keys(cfg)
    if 'dataset' in cfg:
        problems += under(_check_dataset(cfg['dataset']), 'dataset')
    for key, given in _SAMPLERS:
        if isinstance(cfg.get(key), Mapping):
            problems += under(check_part(cfg[key], DATA_SAMPLERS, given), key)
            problems += under(_check_labels(cfg[key], cfg.get('dataset')), key)
    for key in ('collate_fn', 'worker_init_fn'):
        if isinstance(cfg.get(key), Mapping):
            problems += under(_check_function(cfg[key]), key)
    return problems


def check_evaluation_loader(cfg: Any) -> list[Problem]:
    """Check ``val_dataloader`` or ``test_dataloader``."""
    problems = check_loader(cfg)
    if isinstance(cfg, Mapping) and cfg.get('drop_last') is True:
        message = 'is True, which leaves samples out of the result; set it to False'
        problems.append(Problem('drop_last', message))
    return problems


def check_loader_keys(cfg: Mapping[str, Any]) -> list[Problem]:
    """Check the keys of a loader and their plain values; not what is built from it."""
    cfg, problems = dict(cfg), []
    batches = cfg.get('batch_sampler')
    if 'shuffle' in cfg:
        del cfg['shuffle']
        message = 'is set in the sampler: sampler.shuffle'
        if batches is not None:
            message = 'has no meaning beside batch_sampler, which gives the order'
        problems.append(Problem('shuffle', message))
    given: tuple[str, ...] = ()
    if batches is not None:
        given = ('batch_size', 'sampler')
        for key in _OF_BATCHES:  # None leaves out what a base config states
            if cfg.get(key, 0) is None:
                del cfg[key]
        if not cfg.get('in_memory'):  # which excludes it
            problems += _check_batch_sampler(batches, cfg)
    problems += map(_with_example, check_keys(cfg, dataloader, given))
    for key, least in (
        ('batch_size', 1),
        ('num_workers', 0),
        ('prefetch_factor', 1),
        ('timeout', 0),
        ('num_batch_per_epoch', 1),
    ):
        if isinstance(cfg.get(key), (int, float)) and cfg[key] < least:
            problems.append(Problem(key, f'is {cfg[key]}, expected at least {least}'))
    for key in _BY_SAMPLE if cfg.get('in_memory') else ():
        if cfg.get(key) is not None:
            message = 'has no meaning with in_memory=True; leave one of them out'
            problems.append(Problem(key, message))
    return problems


def _with_example(problem: Problem) -> Problem:
    """That of a sampler that is missing says what is meant most often."""
    if not problem.message.startswith("needs the argument 'sampler'"):
        return problem
    example = "e.g. sampler=dict(type='DefaultSampler', shuffle=True)"
    return Problem(problem.path, f'{problem.message}; {example}')


def _check_batch_sampler(batches: Any, loader: Mapping[str, Any]) -> list[Problem]:
    """Check that what stands beside a batch sampler counts.

    Args:
        batches: The batch sampler, or its dict.
        loader: The keys of the loader.
    """
    own = batches if isinstance(batches, Mapping) else {}
    target = target_of(batches, DATA_SAMPLERS)
    if not callable(target):
        return []  # which is a problem of its own
    taken = None  # anything
    if own is not batches:
        taken = ()
    elif not (arguments := arguments_of(target)).open:
        taken = arguments.kinds
    problems = []
    for key in _OF_BATCHES:
        value = loader.get(key)
        if value is None:
            continue
        if key in own:
            if own[key] == value:
                continue
            message = (
                f'is {reprlib.repr(value)}, but batch_sampler.{key}, which would '
                f'count, is {reprlib.repr(own[key])}; leave one of them out'
            )
        elif taken is None or key in taken or (key == 'drop_last' and not value):
            continue
        else:
            message = (
                f'has no meaning beside batch_sampler: {target.__name__} makes the '
                f'batches without it; leave it out, or set {key}=None where a base '
                'config states it'
            )
        problems.append(Problem(key, message))
    return problems


def _check_labels(sampler: Any, dataset: Any) -> list[Problem]:
    """Check that a sampler which needs labels has a dataset that gives them."""
    target, data = target_of(sampler, DATA_SAMPLERS), target_of(dataset, DATASETS)
    if not getattr(target, 'needs_labels', False) or not isinstance(data, type):
        return []
    if hasattr(data, 'get_gt_labels'):
        return []
    return [
        Problem(
            '',
            f'{target.__name__} needs the labels of all samples, which '
            f'{data.__name__} does not give; define get_gt_labels() in it, or use '
            'another sampler',
        )
    ]


def loaders_in(model: Any) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The data loaders that a model's config describes, each with its place.

    A loader is a dict without a ``type`` that has a ``dataset`` with one, such as the
    ``prototype`` of a retriever.

    Example:
        >>> gallery = dict(dataset=dict(type='Digits'), batch_size=8)
        >>> [place for place, _ in loaders_in(dict(type='X', prototype=gallery))]
        [('prototype',)]
    """
    if isinstance(model, (list, tuple)):
        model = dict(enumerate(model))
    if not isinstance(model, Mapping):
        return
    dataset = model.get('dataset')
    if 'type' not in model and isinstance(dataset, Mapping) and 'type' in dataset:
        yield (), model
        return
    for key, value in model.items():
        for place, loader in loaders_in(value):
            yield (str(key), *place), loader


def _check_function(cfg: Mapping[str, Any]) -> list[Problem]:
    """Check a function whose first arguments come with every call."""
    target = cfg.get('type')
    target = FUNCTIONS.get(target) if isinstance(target, str) else target
    given = arguments_of(target).required if callable(target) else ()
    return check_part(cfg, FUNCTIONS, given)


def _check_dataset(cfg: Any) -> list[Problem]:
    """Check a dataset, or one around others."""
    if not isinstance(cfg, Mapping):
        return []
    problems = check_part(cfg, DATASETS)
    if cfg.get('indices') is not None and str(cfg['indices']) in ('0', '[]', '()'):
        message = f'is {cfg["indices"]}, which leaves no sample; None is all of them'
        problems.append(Problem('indices', message))
    if isinstance(cfg.get('dataset'), Mapping):
        problems += under(_check_dataset(cfg['dataset']), 'dataset')
    if isinstance(cfg.get('datasets'), Sequence):
        problems += under(check_parts(cfg['datasets'], _check_inner), 'datasets')
    if isinstance(cfg.get('pipeline'), Sequence):
        problems += under(check_pipeline(cfg['pipeline']), 'pipeline')
    return problems


def _check_inner(cfg: Any) -> list[Problem]:
    """Check one of several datasets."""
    is_part = isinstance(cfg, Mapping)
    return _check_dataset(cfg) if is_part else check_part(cfg, DATASETS)


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


def dataset_of(cfg: Mapping[str, Any], phase: str) -> Mapping[str, Any]:
    """The settings of the dataset of a phase, without its wrappers.

    Of several datasets it is the first.

    Args:
        cfg: A config.
        phase: ``'train'``, ``'val'`` or ``'test'``.

    Returns:
        The settings; nothing if there are none.

    Example:
        >>> wrapped = dict(type='RepeatDataset', dataset=dict(type='Digits'))
        >>> dataset_of(dict(test_dataloader=dict(dataset=wrapped)), 'test')
        {'type': 'Digits'}
    """
    loader = cfg.get(f'{phase}_dataloader')
    dataset = loader.get('dataset') if isinstance(loader, Mapping) else None
    while isinstance(dataset, Mapping) and 'pipeline' not in dataset:
        inner = dataset.get('dataset', dataset.get('datasets'))
        inner = inner[0] if isinstance(inner, (list, tuple)) and inner else inner
        if not isinstance(inner, Mapping):
            break
        dataset = inner
    return dataset if isinstance(dataset, Mapping) else {}


def classes_of(cfg: Any) -> tuple[str, Sequence[str]] | None:
    """The name and the classes of a dataset, where they are known beforehand."""
    while isinstance(cfg, Mapping):
        info = cfg.get('metainfo')
        stated = {**(info if isinstance(info, Mapping) else {}), **cfg}
        own = stated.get('classes', stated.get('CLASSES'))
        target = target_of(cfg, DATASETS)
        meta = getattr(target, 'METAINFO', None) or {}
        classes = own or meta.get('classes') or _peeked(target, cfg)
        if isinstance(classes, (list, tuple)) and classes:
            return target.__name__, classes
        inner = cfg.get('datasets') or [cfg.get('dataset')]
        cfg = inner[0] if isinstance(inner, (list, tuple)) else None
    return None


def _peeked(target: Any, cfg: Mapping[str, Any]) -> Sequence[str] | None:
    """The classes that a dataset finds without reading samples, if it looks."""
    peek = getattr(target, 'peek_classes', None)
    if peek is None:
        return None
    try:
        return peek({k: v for k, v in cfg.items() if k not in ('type', '_scope_')})
    except (OSError, TypeError, UserError, ValueError):
        return None  # what is wrong with it is said where it is built
