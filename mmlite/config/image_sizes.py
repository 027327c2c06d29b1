"""Networks for small images, on images that are much larger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from ..errors import Problem
from ..registry import MODELS
from .fitting import at
from .parts import target_of

__all__ = ['advise_image_size']

#: What states the size of the images that a step of a pipeline leaves.
_SIZES = ('crop_size', 'scale')


def advise_image_size(cfg: Config) -> list[Problem]:
    """Backbones for small images that are trained on larger ones.

    A backbone states it as ``suits_up_to``, the longest edge in px that it is for.

    Args:
        cfg: A config.

    Example:
        >>> steps = [dict(type='RandomResizedCrop', scale=224)]
        >>> cfg = dict(
        ...     model=dict(backbone=dict(type='ResNet_CIFAR', depth=18)),
        ...     train_dataloader=dict(dataset=dict(pipeline=steps)))
        >>> [problem.path for problem in advise_image_size(Config(cfg))]
        ['model.backbone.type']
    """
    size = _last_size(_steps(at(cfg, 'train_dataloader', 'dataset')))
    found = []
    for path, part in _backbones(cfg) if size else ():
        most = getattr(target_of(part, MODELS), 'suits_up_to', None)
        if most is not None and size > most:
            message = (
                f'is {part["type"]}, which keeps the size of small images in its first '
                f'layers, but they are trained on at {size} px: it computes many times '
                f'as much as ResNet; take that, or images of {most} px at most'
            )
            found.append(Problem(f'{path}.type', message))
    return found


def _backbones(cfg: Config) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The parts of a model that see the images."""
    first = at(cfg, 'model', 'image_encoder')
    places = {'model.backbone': at(cfg, 'model', 'backbone')}
    if isinstance(first, (list, tuple)) and first:
        places['model.image_encoder.0'] = first[0]
    for path, part in places.items():
        if isinstance(part, Mapping) and isinstance(part.get('type'), str):
            yield path, part


def _steps(dataset: Any) -> Iterator[Mapping[str, Any]]:
    """All steps of the pipeline of a dataset, those within others too."""
    while isinstance(dataset, Mapping) and 'pipeline' not in dataset:
        dataset = dataset.get('dataset')
    yield from _dicts(at(dataset or {}, 'pipeline'))


def _dicts(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, (list, tuple)):
        for each in node:
            yield from _dicts(each)
    elif isinstance(node, Mapping):
        yield node
        yield from _dicts(node.get('transforms'))


def _last_size(steps: Iterator[Mapping[str, Any]]) -> int | None:
    """The longer edge that the last step leaves which states one."""
    size = None
    for step in steps:
        for value in (step.get(name) for name in _SIZES):
            edges = value if isinstance(value, (list, tuple)) else [value]
            if edges and all(type(edge) is int for edge in edges):
                size = max(edges)
    return size
