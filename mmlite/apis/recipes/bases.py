"""The files that recipes inherit from, and the models among them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ...config import load_config
from ...config.files import of_package
from ...errors import UserError, did_you_mean
from ...registry import MODELS

__all__ = [
    'DEFAULTS',
    'SCHEDULE',
    'base',
    'base_of',
    'model_names',
    'model_of',
    'models_for',
]

SCHEDULE = 'schedules/adamw_coslr_30e'
#: The model of each task where none is asked for; that of small pictures behind it.
DEFAULTS = {
    'classification': ('resnet18', 'resnet18_cifar'),
    'retrieval': ('arcface_resnet18', 'arcface_resnet18_cifar'),
    'selfsup': ('simclr_resnet18', 'simclr_resnet18_cifar'),
    'detection': ('ssdlite320_mobilenet_v3', 'ssd_tiny'),
    'gait': ('gaitbase_tiny', 'gaitbase_tiny'),
    'stereo': ('tinystereo', 'tinystereo'),
}


def base(name: str) -> str:
    """What a recipe calls a base file, e.g. ``'models/resnet18'``."""
    return f'mmlite::_base_/{name}.py'


def base_of(model: str) -> str:
    """The base file of a model, by its name."""
    return base(f'models/{model}')


def model_of(task: str, name: str | None, small: bool) -> tuple[str, Config]:
    """The base file of a model, and what it says.

    Args:
        task: What it is for.
        name: The name of the base file, e.g. ``'resnet18'``; None is the default.
        small: Whether pictures are so small that the default is one for small images.

    Raises:
        UserError: if there is none of that name, or it is for another task.
    """
    chosen = name or DEFAULTS[task][small]
    if chosen not in model_names():
        known = models_for(task)
        # Part of a name, such as simclr, stands for several.
        named = [name for name in known if chosen.lower() in name.lower()] or known
        hint = did_you_mean(chosen, known) or f'; there are {", ".join(named)}'
        raise UserError(f'there is no model {chosen!r} for {task}{hint}')
    cfg = load_config(base_of(chosen))
    own = _task_of(cfg)
    if own != task:
        raise UserError(
            f'the model {chosen!r} is for {own or "something else"}, but the data are '
            f'for {task}; choose another --model, e.g. {DEFAULTS[task][0]}, or --task'
        )
    return chosen, cfg


def models_for(task: str) -> list[str]:
    """Names of the models of a task.

    Example:
        >>> 'gaitbase' in models_for('gait'), 'resnet50' in models_for('gait')
        (True, False)
    """
    cfgs = {name: load_config(base_of(name)) for name in model_names()}
    return [name for name, cfg in cfgs.items() if _task_of(cfg) == task]


def _task_of(cfg: Config) -> str:
    whole: Any = MODELS.get(cfg.model.type)
    task = getattr(whole, 'task', '')
    pretrains = not getattr(whole, 'predicts', True)
    return task or ('selfsup' if pretrains else '')


@cache
def model_names() -> tuple[str, ...]:
    """Names of all files of models."""
    folder = Path(of_package(base_of('resnet18')) or '').parent
    return tuple(sorted(path.stem for path in folder.glob('*.py')))
