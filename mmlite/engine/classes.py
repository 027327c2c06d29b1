"""The classes of data and those that a model is trained on, compared by name."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.logging import print_log
from mmengine.runner import Runner
from mmengine.runner.runner import _SlicedDataset
from torch import nn
from torch.utils.data import DataLoader, Dataset

from ..errors import ConfigError, DataError, at
from ..structures import class_mapping, in_names_of
from ..structures.class_lists import listed
from .checkpoints import unwrapped
from .in_memory_loader import InMemoryLoader

__all__ = [
    'classes_of',
    'classes_of_checkpoint',
    'follow_checkpoint',
    'follow_classes',
    'learns_classes',
]


def learns_classes(model: nn.Module) -> bool:
    """Whether a model states that it learns the classes of its data."""
    return getattr(unwrapped(model), 'learns_classes', False)


def classes_of(dataset: Dataset) -> list | tuple | None:
    """The names of the classes of a dataset, if it states them."""
    classes = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    return classes if isinstance(classes, (list, tuple)) and classes else None


def classes_of_checkpoint(checkpoint: Mapping[str, Any]) -> Any:
    """The classes that a model was trained on, where its checkpoint states them."""
    meta = checkpoint.get('meta')
    meta = meta if isinstance(meta, Mapping) else {}
    info = meta.get('dataset_meta')
    info = info if isinstance(info, Mapping) else {}
    # Older checkpoints of the OpenMMLab write them in capitals.
    found = [info.get('classes'), info.get('CLASSES'), meta.get('CLASSES')]
    return next((names for names in found if isinstance(names, (list, tuple))), None)


def follow_classes(
    model: nn.Module, loader: DataLoader, known: Any, source: str
) -> bool:
    """Map the labels of an evaluation to the classes that a model is trained on.

    Classes are compared by name. Where the dataset has them in another order, or only
    some of them, its labels are changed, once.

    Args:
        model: The whole model, wrapped or not; one that does not state
            ``learns_classes`` is left alone.
        loader: Loads the data of the evaluation.
        known: The names of the classes that the model is trained on.
        source: Where they come from, for the message.

    Returns:
        Whether labels or classes of the dataset have changed.

    Raises:
        ConfigError: if the dataset has a class that is not known, or its labels
            cannot be changed.
    """
    dataset = loader.dataset
    names = classes_of(dataset)
    if names is None or not learns_classes(model) or list(names) == _as_list(known):
        return False
    known = in_names_of(names, given := known)
    if known is None:
        _say_not_compared(dataset, names, _as_list(given), source)
        return False
    if list(names) == known:
        return False
    inner = dataset._dataset if isinstance(dataset, _SlicedDataset) else dataset
    try:
        class_mapping(names, known)
        change = getattr(inner, 'use_classes', None)
        if change is None:
            raise DataError(
                'its classes are the same in another order, or some of them; state '
                f'them as they are there: {listed(known)}'
            )
        change(known)
    except DataError as error:
        message = (
            f'{type(dataset).__name__} does not fit {source}, which the model is '
            f'trained on: {error}'
        )
        raise ConfigError(message) from error
    if isinstance(loader, InMemoryLoader):
        loader.reload()
    print_log(
        f'{type(dataset).__name__}: labels are mapped by name to those of {source}',
        logger='current',
        level=logging.INFO,
    )
    return True


def _say_not_compared(
    dataset: Dataset, names: Sequence, known: list, source: str
) -> None:
    """Warn that labels are compared by number, where names are of different kinds."""
    if not known:
        return
    message = (
        f'{type(dataset).__name__} has {len(names)} classes, e.g. {names[0]!r}, '
        f'{source} has {len(known)}, e.g. {known[0]!r}, and their names cannot be '
        'compared; labels are taken to be in the same order'
    )
    print_log(message, logger='current', level=logging.WARNING)


def follow_checkpoint(
    runner: Runner, checkpoint: Mapping[str, Any], source: str
) -> None:
    """Let the data that are tested on have the classes of a checkpoint.

    Args:
        runner: A runner whose loops are built.
        checkpoint: What was loaded.
        source: The file, for the message.

    Raises:
        ConfigError: if they have others.
    """
    known = classes_of_checkpoint(checkpoint)
    for name, loop in runner.built_loops.items():
        if name == 'train':
            continue
        with at(f'{name}_dataloader.dataset'):
            changed = follow_classes(runner.model, loop.dataloader, known, source)
        if changed:
            metainfo = loop.dataloader.dataset.metainfo
            loop.evaluator.dataset_meta = metainfo
            runner.visualizer.dataset_meta = metainfo


def _as_list(value: Any) -> list:
    return list(value) if isinstance(value, (list, tuple)) else []
