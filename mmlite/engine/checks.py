"""What can only be checked once data and model are there."""

from __future__ import annotations

import logging

from mmengine.logging import print_log
from torch import nn
from torch.utils.data import Dataset

from ..errors import ConfigError, Problem
from .checkpoints import unwrapped


def check_classes(model: nn.Module, dataset: Dataset, source: str | None) -> None:
    """See that a classifier has an output for every class of a dataset.

    Looks at ``model.head.num_classes`` and ``dataset.metainfo['classes']``; a
    model or dataset without them is not checked, nor is a model that does not state
    ``learns_classes``, whose head may count something else.

    Args:
        model: The whole model, wrapped or not.
        dataset: A dataset it is trained or tested on.
        source: The config file, for the message.

    Raises:
        ConfigError: if the model has fewer outputs than the data has classes.
    """
    head = getattr(unwrapped(model), 'head', None)
    outputs = getattr(head, 'num_classes', None)
    classes = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    if not isinstance(outputs, int) or not isinstance(classes, (list, tuple)):
        return
    if not getattr(unwrapped(model), 'learns_classes', False):
        return
    name = type(dataset).__name__
    message = (
        f'is {outputs}, but {name} has {len(classes)} classes; '
        f'set model.head.num_classes={len(classes)}'
    )
    if outputs < len(classes):
        raise ConfigError([Problem('model.head.num_classes', message)], source)
    if outputs > len(classes):
        message = f'model.head.num_classes {message}, unless this is meant'
        print_log(message, logger='current', level=logging.WARNING)
