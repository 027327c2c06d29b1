"""The size of images, as the pipelines, datasets and models of a config state it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config

from ..errors import Problem
from ..registry import DATASETS, MODELS, TRANSFORMS
from ..signature import default_of
from .data import dataset_of
from .encoders import encoder_at, encoder_of
from .parts import target_of

__all__ = ['advise_image_size', 'has_one_size', 'input_size_of', 'size_left_by']

#: What states the size of an image: one edge, or both in this order.
STEPS_STATE = {'crop_size': 'hw', 'scale': 'wh'}
#: What states in a backbone the size of the images that it takes.
_BACKBONES_STATE = {'img_size': 'hw', 'input_size': 'hw'}


def input_size_of(cfg: Config, default: int = 224) -> int | tuple[int, ...]:
    """Pixels of an image as a model takes it: one number, or a shape.

    It is what the test of the config leaves; where that keeps the size of an image, it
    is that of the dataset, of the model, or of the crops that are trained on.

    Args:
        cfg: A config.
        default: What it is where nothing states it.

    Returns:
        The edge of a square, ``(height, width)``, or ``(channels, height, width)``.

    Example:
        >>> from mmlite.config import load_config
        >>> input_size_of(load_config('configs/resnet/resnet18_8xb32_in1k.py'))
        224
        >>> input_size_of(load_config('configs/_base_/datasets/pairs.py'))
        (256, 512)
    """
    dataset = dataset_of(cfg, 'test') or dataset_of(cfg, 'val')
    found = (
        size_left_by(dataset.get('pipeline'))
        or _size_of_dataset(dataset)
        or _taken_by(cfg.get('model') or {})
        or size_left_by(dataset_of(cfg, 'train').get('pipeline'))
    )
    return found or default


def has_one_size(kind: str | None) -> bool:
    """Whether all images of a kind of dataset have one size, which no step states.

    Example:
        >>> has_one_size('CIFAR10'), has_one_size('CustomDataset')
        (True, False)
    """
    target = DATASETS.get(kind) if kind else None
    return getattr(target, 'image_shape', None) is not None


def size_left_by(pipeline: Any) -> int | tuple[int, int] | None:
    """The size of the images that a pipeline leaves, as far as a step states it.

    A step states in ``states_size`` which of its arguments is a size. Of the pipelines
    inside a step, e.g. of several views, it is the largest that one leaves.

    Args:
        pipeline: The steps, as a config states them.

    Returns:
        The edge of a square, or ``(height, width)``; None if no step states it.

    Example:
        >>> size_left_by([dict(type='Resize', scale=(64, 32)), dict(type='PackInputs')])
        (32, 64)
    """
    steps = pipeline if isinstance(pipeline, (list, tuple)) else ()
    for step in reversed(steps):
        if not isinstance(step, Mapping):
            continue
        target = target_of(step, TRANSFORMS)
        size = _stated(step, getattr(target, 'states_size', STEPS_STATE))
        if size is None:
            inner = (size_left_by(row) for row in _rows(step.get('transforms')))
            size = max((each for each in inner if each), key=_area, default=None)
        if size is not None:
            return size
    return None


def _rows(transforms: Any) -> Iterator[Sequence]:
    """The pipelines inside a step: several, or one."""
    if isinstance(transforms, (list, tuple)):
        several = all(isinstance(row, (list, tuple)) for row in transforms)
        yield from transforms if several else [transforms]


def _area(size: int | tuple[int, int]) -> int:
    return size**2 if isinstance(size, int) else size[0] * size[1]


def _stated(
    part: Mapping[str, Any], states: Mapping[str, str]
) -> int | tuple[int, int] | None:
    """The size that the arguments of a part state."""
    for key, order in states.items():
        size = part.get(key)
        if type(size) is int:
            return size
        pair = isinstance(size, (list, tuple)) and len(size) == 2
        if pair and all(type(edge) is int for edge in size):  # no shares of an area
            height, width = size if order == 'hw' else size[::-1]
            return height if height == width else (height, width)
    return None


def _size_of_dataset(dataset: Mapping[str, Any]) -> int | tuple[int, ...] | None:
    """The size of the images of a dataset whose images have one."""
    target = target_of(dataset, DATASETS)
    states = getattr(target, 'states_size', None)
    if states:
        defaults = {key: default_of(target, key) for key in states}
        return _stated({**defaults, **dataset}, states)
    height, width, *channels = getattr(target, 'image_shape', None) or (0, 0)
    return (channels[0] if channels else 1, height, width) if height else None


def _taken_by(model: Mapping[str, Any]) -> int | tuple[int, int] | None:
    """The size that a model brings images to, or that its backbone takes."""
    resizer = model.get('image_resizer') or {}
    if 'height' in resizer:
        return resizer['height'], resizer['width']
    if 'min_dimension' in resizer:
        return resizer['min_dimension']
    return _stated(encoder_of(model) or {}, _BACKBONES_STATE)


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
    size = size_left_by(dataset_of(cfg, 'train').get('pipeline'))
    path, part = encoder_at(cfg.get('model'))
    if size is None or part is None:
        return []
    edge = size if isinstance(size, int) else max(size)
    most = getattr(target_of(part, MODELS), 'suits_up_to', None)
    if most is None or edge <= most:
        return []
    message = (
        f'is {part["type"]}, which keeps the size of small images in its first layers, '
        f'but they are trained on at {edge} px: it computes many times as much as '
        f'ResNet; take that, or images of {most} px at most'
    )
    return [Problem(f'model.{path}.type', message)]
