"""Check whether what is evaluated is the data, each sample once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from ..errors import Problem
from ..registry import DATASETS
from .fitting import value_at
from .parts import target_of

__all__ = ['advise_evaluation', 'check_evaluation']


def check_evaluation(cfg: Config) -> list[Problem]:
    """Refuse datasets that repeat only some of their samples.

    They state ``every_sample = False``, as samplers do.
    """
    return [
        Problem(
            path,
            f'{target.__name__} repeats some of the samples, so that the result is not '
            'that of the data; evaluate the dataset inside it',
        )
        for path, _, target in _datasets(cfg)
        if not getattr(target, 'every_sample', True)
    ]


def advise_evaluation(cfg: Config) -> Iterator[Problem]:
    """What is evaluated that was trained with, or is only a part of the data.

    A dataset that holds some samples out names the argument that takes them as
    ``held_out_by``.
    """
    for path, dataset, target in _datasets(cfg):
        key = getattr(target, 'held_out_by', None)
        if key is not None and not dataset.get(key):
            message = f'{target.__name__} takes the samples that are trained with; '
            yield Problem(path, f'{message}{key}=True takes those that are held out')
    for section in _sections(cfg):
        count = value_at(cfg, section, 'num_batch_per_epoch')
        if count is not None:
            message = f'is {count}, so that the result is that of so many batches only'
            yield Problem(f'{section}.num_batch_per_epoch', message)


def _sections(cfg: Config) -> list[str]:
    """The data loaders of evaluations; that of the test only if it is another one."""
    val, test = 'val_dataloader', 'test_dataloader'
    return [val] if cfg.get(test) == cfg.get(val) else [val, test]


def _datasets(cfg: Config) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """The datasets that are evaluated, wrappers and what is in them."""
    waiting = [(f'{s}.dataset', value_at(cfg, s, 'dataset')) for s in _sections(cfg)]
    while waiting:
        path, dataset = waiting.pop()
        if isinstance(dataset, (list, tuple)):
            waiting += [(f'{path}.{i}', inner) for i, inner in enumerate(dataset)]
        elif isinstance(dataset, Mapping):
            yield path, dataset, target_of(dataset, DATASETS)
            waiting += [
                (f'{path}.{key}', dataset[key])
                for key in ('dataset', 'datasets')
                if key in dataset
            ]
