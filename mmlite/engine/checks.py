"""What can only be checked once data and model are there."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from mmengine.logging import print_log
from torch import nn
from torch.utils.data import Dataset

from ..errors import ConfigError, Problem
from .checkpoints import unwrapped
from .classes import classes_of, learns_classes

#: Settings that only make sense together.
_GROUPS = (
    ('train_dataloader', 'train_cfg', 'optim_wrapper'),
    ('val_dataloader', 'val_cfg', 'val_evaluator'),
    ('test_dataloader', 'test_cfg', 'test_evaluator'),
)


def check_groups(cfg: Mapping[str, Any]) -> None:
    """See that a config has a model, a work_dir, and no half of a phase.

    Raises:
        ConfigError: naming every key that is missing.
    """
    problems = [
        Problem(key, 'is missing') for key in ('model', 'work_dir') if not cfg.get(key)
    ]
    for group in _GROUPS:
        given = [key for key in group if cfg.get(key) is not None]
        if given:
            problems += [
                Problem(key, f'is missing, though there is {given[0]}')
                for key in group
                if key not in given
            ]
    if cfg.get('param_scheduler') is not None and cfg.get('optim_wrapper') is None:
        problems.append(Problem('optim_wrapper', 'is missing, for param_scheduler'))
    if problems:
        raise ConfigError(problems, getattr(cfg, 'filename', None))


def check_classes(
    model: nn.Module, dataset: Dataset, source: str | None, phase: str = 'train'
) -> None:
    """See that a classifier has an output for every class of a dataset.

    Looks at ``model.head.num_classes`` and ``dataset.metainfo['classes']``; a
    model or dataset without them is not checked, nor is a model with a loss of
    its own, whose head may count something else.

    Args:
        model: The whole model, wrapped or not.
        dataset: A dataset it is trained or tested on.
        source: The config file, for the message.
        phase: ``'train'``, ``'val'`` or ``'test'``. Only for the data that it is
            trained on are more outputs than classes worth a warning.

    Raises:
        ConfigError: if the model has fewer outputs than the data has classes.
    """
    outputs = getattr(getattr(unwrapped(model), 'head', None), 'num_classes', None)
    classes = classes_of(dataset)
    if not isinstance(outputs, int) or classes is None or not learns_classes(model):
        return
    name, count = type(dataset).__name__, len(classes)
    message = f'is {outputs}, but {name} has {count} classes; '
    if phase == 'train':
        message += f'set model.head.num_classes={count}'
    else:
        message += f'take the classes that the model is trained on for {phase} too'
    if outputs < count:
        raise ConfigError([Problem('model.head.num_classes', message)], source)
    if outputs > count and phase == 'train':
        message = f'model.head.num_classes {message}, unless this is meant'
        print_log(message, logger='current', level=logging.WARNING)
