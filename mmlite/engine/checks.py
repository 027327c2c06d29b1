"""Checks that need the data, or both the data and the model."""

from __future__ import annotations

import logging

from mmengine.config import Config
from mmengine.logging import print_log
from torch import nn
from torch.utils.data import Dataset

from ..config import advise_one_cycle, advise_warm_up, check_one_cycle
from ..errors import ConfigError, Problem
from .checkpoints import unwrapped
from .classes import classes_of, learns_classes


def check_classes(
    model: nn.Module, dataset: Dataset, source: str | None, phase: str = 'train'
) -> None:
    """Check that a classifier has an output for every class of a dataset.

    Looks at ``num_classes`` of ``model.head`` or of the model, and at
    ``dataset.metainfo['classes']``; a model or dataset without them is not checked,
    nor is a model that does not state ``learns_classes``, whose head may count
    something else.

    Args:
        model: The whole model, wrapped or not.
        dataset: A dataset it is trained or tested on.
        source: The config file, for the message.
        phase: ``'train'``, ``'val'`` or ``'test'``. Only for the data that it is
            trained on are more outputs than classes worth a warning.

    Raises:
        ConfigError: if the model has fewer outputs than the data has classes.
    """
    whole = unwrapped(model)
    place, part = 'model.head', getattr(whole, 'head', None)
    if not hasattr(part, 'num_classes'):
        place, part = 'model', whole
    outputs = getattr(part, 'num_classes', None)
    classes = classes_of(dataset)
    if not isinstance(outputs, int) or classes is None or not learns_classes(model):
        return
    name, count = type(dataset).__name__, len(classes)
    message = f'is {outputs}, but {name} has {count} classes; '
    if phase == 'train':
        message += f'set {place}.num_classes={count}'
    else:
        message += f'take the classes that the model is trained on for {phase} too'
    if outputs < count:
        raise ConfigError([Problem(f'{place}.num_classes', message)], source)
    if outputs > count and phase == 'train':
        message = f'{place}.num_classes {message}, unless this is intended'
        print_log(message, logger='current', level=logging.WARNING)


def check_schedules(cfg: Config, iterations: int) -> list[Problem]:
    """Check that schedules are as long as the training.

    Args:
        cfg: The config.
        iterations: How many the training has.

    Returns:
        What is seldom intended.

    Raises:
        ConfigError: if a schedule is over before the training is, which then fails.
    """
    if problems := check_one_cycle(cfg, iterations):
        raise ConfigError(problems)
    return [*advise_warm_up(cfg, iterations), *advise_one_cycle(cfg, iterations)]
