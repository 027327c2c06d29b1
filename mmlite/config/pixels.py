"""A normalisation for pixels of 0 to 1, where they are 0 to 255."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from ..errors import Problem
from ..registry import DATASETS, MODELS, TRANSFORMS
from .data import dataset_of
from .fitting import value_at
from .parts import is_built, target_of

__all__ = ['advise_pixels']

_STATISTICS = (('mean', 'std'), ('second_mean', 'second_std'))
#: Steps of torchvision and albumentations after which pixels are, or may be, 0 to 1.
_RESCALING = frozenset(
    'Compose ConvertImageDtype Lambda Normalize ToDtype ToFloat ToTensor'.split()
)


def advise_pixels(cfg: Config) -> list[Problem]:
    """Means and standard deviations as torchvision states them, for pixels of 0 to 1.

    Nothing is said where a pipeline may bring pixels to that range, by a step that
    does or by one that is not ours, nor of the identity.

    Args:
        cfg: A config.

    Example:
        >>> cfg = Config(dict(
        ...     train_dataloader=dict(dataset=dict(type='Digits', pipeline=[])),
        ...     data_preprocessor=dict(mean=[0.5], std=[0.25])))
        >>> print(advise_pixels(cfg)[0])  # doctest: +ELLIPSIS
        data_preprocessor.mean is [0.5], and ... mean=[127.5], std=[63.75]
    """
    datasets = [dataset_of(cfg, phase) for phase in ('train', 'val', 'test')]
    found = [dataset for dataset in datasets if dataset]
    if not found or any(map(_may_rescale, found)):
        return []
    own = value_at(cfg, 'model', 'data_preprocessor') is not None
    keys = ('model', 'data_preprocessor') if own else ('data_preprocessor',)
    section = value_at(cfg, *keys)
    if not isinstance(section, Mapping) or not _is_ours(section):
        return []
    return list(_too_small(section, '.'.join(keys)))


def _is_ours(section: Mapping[str, Any]) -> bool:
    """Whether a data preprocessor takes the pixels as they come."""
    if section.get('batch_transforms'):
        return False
    if 'type' not in section:
        return True
    module = getattr(target_of(section, MODELS), '__module__', '')
    return module.startswith(('mmlite.', 'mmengine.'))


def _too_small(section: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for mean_key, std_key in _STATISTICS:
        mean, std = _numbers(section.get(mean_key)), _numbers(section.get(std_key))
        if not mean or not std or (not any(mean) and set(std) == {1}):
            continue
        if all(abs(value) <= 1 for value in mean) and all(0 < s <= 1 for s in std):
            message = (
                f'is {mean}, and {std_key} {std}, as for pixels of 0 to 1, but pixels '
                f'are 0 to 255 here; take these times 255: {mean_key}={_scaled(mean)}, '
                f'{std_key}={_scaled(std)}'
            )
            yield Problem(f'{path}.{mean_key}', message)


def _numbers(value: Any) -> list[float]:
    """The values of the channels; none if they are no numbers."""
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return values if all(isinstance(each, (int, float)) for each in values) else []


def _scaled(values: list[float]) -> list[float]:
    return [float(f'{value * 255:.6g}') for value in values]


def _may_rescale(dataset: Mapping[str, Any]) -> bool:
    """Whether the images of a dataset may be anything but 0 to 255."""
    module = getattr(target_of(dataset, DATASETS), '__module__', '')
    return not module.startswith('mmlite.') or _holds_rescaling(dataset.get('pipeline'))


def _holds_rescaling(node: Any) -> bool:
    if isinstance(node, (list, tuple)):
        return any(map(_holds_rescaling, node))
    if isinstance(node, Mapping):
        step = 'type' in node and _rescales(node)
        return step or any(map(_holds_rescaling, node.values()))
    return is_built(node) and _rescales(node)


def _rescales(step: Any) -> bool:
    """Whether a step does, or may."""
    target = target_of(step, TRANSFORMS)
    if target is None:  # of albumentations, within a step of ours
        return str(step['type']).split('.')[-1] in _RESCALING
    name, module = getattr(target, '__name__', ''), getattr(target, '__module__', '')
    if module.startswith('mmlite.'):
        # Files that are left as they are may have more than 8 bits.
        raw = isinstance(step, Mapping) and step.get('color_type') == 'unchanged'
        return raw or name == 'Normalize'
    return not module.startswith('torchvision.') or name in _RESCALING
