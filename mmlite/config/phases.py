"""Training, validation, test: which sections each needs, and which are idle."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from mmengine.config import Config

from ..errors import ConfigError, Problem
from .fitting import without_predictions

__all__ = [
    'PHASES',
    'check_phases',
    'idle_sections',
    'missing_sections',
    'settle_phases',
]

#: What a phase is called, and the sections that it needs.
PHASES = {
    'train': ('training', ('train_dataloader', 'train_cfg', 'optim_wrapper')),
    'val': ('validation', ('val_dataloader', 'val_cfg', 'val_evaluator')),
    'test': ('testing', ('test_dataloader', 'test_cfg', 'test_evaluator')),
}


def idle_sections(cfg: Config) -> dict[str, str]:
    """Sections of an evaluation whose counterparts are missing, with the consequence.

    A schedule's empty ``val_cfg`` or ``test_cfg`` says nothing without a dataset, and
    the data of a test do no harm, as nothing is tested that is not asked for: they say
    how an input is prepared, for predictions and exports.

    Args:
        cfg: A config.

    Example:
        >>> idle_sections(Config(dict(val_cfg=dict())))
        {'val_cfg': 'is alone; without val_dataloader and val_evaluator, there is no \
validation'}
    """
    idle = {}
    for phase in ('val', 'test'):
        name, triple = PHASES[phase]
        there = [key for key in triple if cfg.get(key) is not None]
        if len(there) != 1:
            continue
        (key,) = there
        if (key == f'{phase}_cfg' and not cfg[key]) or key == 'test_dataloader':
            others = ' and '.join(other for other in triple if other != key)
            idle[key] = f'is alone; without {others}, there is no {name}'
    return idle


def missing_sections(cfg: Config, phase: str) -> list[str]:
    """The sections that a phase lacks; the loop of an evaluation may be left out.

    Args:
        cfg: A config.
        phase: ``'train'``, ``'val'`` or ``'test'``.
    """
    _, needed = PHASES[phase]
    by_itself = () if phase == 'train' else (f'{phase}_cfg',)
    return [k for k in needed if cfg.get(k) is None and k not in by_itself]


def settle_phases(cfg: Config) -> Config:
    """The config without idle sections, and with the loops of what is evaluated.

    Args:
        cfg: A config; it stays as it is.

    Example:
        >>> settle_phases(Config(dict(val_dataloader={}, val_evaluator={}))).val_cfg
        {}
    """
    changes: dict[str, dict | None] = dict.fromkeys(idle_sections(cfg))
    for phase in ('val', 'test'):
        loop = f'{phase}_cfg'
        if cfg.get(loop) is None and not missing_sections(cfg, phase):
            changes[loop] = {}
    if changes:
        cfg = copy.copy(cfg)
        for key, value in changes.items():
            cfg[key] = value
    return cfg


def check_phases(cfg: Config, phases: Sequence[str]) -> None:
    """Check that a config has the sections without which a phase cannot run.

    :func:`~mmlite.config.check_config` accepts a model alone.

    Args:
        cfg: A config.
        phases: Of ``'train'``, ``'val'``, ``'test'``.

    Raises:
        ConfigError: with one line for each phase that cannot run.

    Example:
        >>> check_phases(Config(dict(test_cfg=dict())), ['test'])
        Traceback (most recent call last):
        mmlite.errors.ConfigError: testing needs test_dataloader, test_evaluator
    """
    problems = []
    for phase in phases:
        if missing := missing_sections(cfg, phase):
            name, _ = PHASES[phase]
            why = ''
            if phase == 'test' and (model := without_predictions(cfg)):
                why = (
                    f'; without labels there is nothing to measure {model} by, and '
                    'mmlite predict and mmlite export give its features'
                )
            problems.append(Problem('', f'{name} needs {", ".join(missing)}{why}'))
    if problems:
        raise ConfigError(problems, cfg.filename)
