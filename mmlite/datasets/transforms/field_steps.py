"""Steps that choose among the fields of a sample, turn axes, or make tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from ...errors import DataError
from ...registry import TRANSFORMS
from .arrays import image_as_tensor, numeric_as_tensor
from .base import BaseTransform

__all__ = ['Collect', 'ImageToTensor', 'ToTensor', 'Transpose']


class _OfKeys(BaseTransform):
    """Base of steps that take fields by their names, and pack none of them."""

    is_random = False
    packs = False

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)


@TRANSFORMS.register_module()
class Collect(_OfKeys):
    """Keep some fields of the sample, and no others.

    Args:
        keys: Their names.

    Raises:
        DataError: if the sample does not have one.

    Example:
        >>> TRANSFORMS.build(dict(type='Collect', keys=['a']))(dict(a=1, b=2))
        {'a': 1}
    """

    former_arguments: ClassVar = {'meta_keys': 'meta_keys of PackInputs'}

    def transform(self, results: dict) -> dict:
        """Leave out the others."""
        return {key: _field(self, results, key) for key in self.keys}


@TRANSFORMS.register_module()
class Transpose(BaseTransform):
    """Put the axes of arrays into another order.

    Args:
        keys: The fields that are arrays.
        order: The axes, e.g. ``(2, 0, 1)`` for channels first.

    Raises:
        DataError: if the sample does not have a field, or it has other axes.

    Example:
        >>> step = TRANSFORMS.build(dict(type='Transpose', keys=['img'], order=[1, 0]))
        >>> step(dict(img=np.zeros((3, 2))))['img'].shape
        (2, 3)
    """

    is_random = False

    def __init__(self, keys: Sequence[str], order: Sequence[int]) -> None:
        self.keys = tuple(keys)
        self.order = tuple(order)

    def transform(self, results: dict) -> dict:
        """Turn the axes."""
        for key in self.keys:
            value = _field(self, results, key)
            try:
                results[key] = value.transpose(self.order)
            except (AttributeError, TypeError, ValueError) as error:
                shape = getattr(value, 'shape', type(value).__name__)
                raise DataError(
                    f'Transpose: the field {key} ({shape}) does not have the axes of '
                    f'order {self.order}: {error}'
                ) from error
        return results


@TRANSFORMS.register_module()
class ToTensor(_OfKeys):
    """Turn fields into tensors.

    :class:`PackInputs` does so for what it packs; this step is for other pipelines.
    Differs from mmcv's in that a number becomes a tensor without axes, not of one
    entry: one label stays one label.

    Args:
        keys: Names of the fields: arrays, numbers, or lists of numbers. A dot leads
            into a dict, as in ``'meta.scores'``.

    Raises:
        DataError: if the sample does not have one, or it is not numeric.

    Example:
        >>> step = TRANSFORMS.build(dict(type='ToTensor', keys=['gt_label', 'meta.a']))
        >>> step(dict(gt_label=3, meta=dict(a=[0.5, 1.0])))
        {'gt_label': tensor(3), 'meta': {'a': tensor([0.5000, 1.0000])}}
    """

    def transform(self, results: dict) -> dict:
        """Turn the fields into tensors."""
        for key in self.keys:
            results = self._converted(results, key.split('.'), key)
        return results

    def _converted(self, fields: Any, path: list[str], key: str) -> dict:
        name, *rest = path
        if not isinstance(fields, Mapping) or name not in fields:
            fields = fields if isinstance(fields, Mapping) else {}
            return _field(self, dict(fields), key)  # says what is missing
        if rest:
            value = self._converted(fields[name], rest, key)
        else:
            try:
                value = _as_tensor(fields[name])
            except DataError as error:
                raise DataError(f'ToTensor: the field {key}: {error}') from None
        return {**fields, name: value}


def _as_tensor(value: Any) -> Tensor:
    """A value as a tensor; fractions in a list are of torch's default type."""
    if isinstance(value, (int, float, list, tuple)):
        try:
            return torch.tensor(value)
        except (RuntimeError, TypeError, ValueError):
            pass  # what is wrong with it is said below
    return numeric_as_tensor(value)


@TRANSFORMS.register_module()
class ImageToTensor(_OfKeys):
    """Turn images into tensors with their channels first.

    :class:`PackInputs` does so for its input; this step is for other pipelines, and
    comes after all steps that move or recolour the image.

    Args:
        keys: The fields that are images.

    Shape:
        img: ``(H, W, C)`` -> ``(C, H, W)``, ``(H, W)`` -> ``(1, H, W)``.

    Raises:
        DataError: if the sample does not have one, or it is no image.

    Example:
        >>> step = TRANSFORMS.build(dict(type='ImageToTensor', keys=['img']))
        >>> step(dict(img=np.zeros((4, 6, 3), np.uint8)))['img'].shape
        torch.Size([3, 4, 6])
    """

    def transform(self, results: dict) -> dict:
        """Turn the images into tensors."""
        for key in self.keys:
            value = _field(self, results, key)
            try:
                results[key] = image_as_tensor(value).contiguous()
            except DataError as error:
                raise DataError(f'ImageToTensor: the field {key}: {error}') from None
        return results


def _field(step: BaseTransform, results: dict, key: str) -> Any:
    if key not in results:
        raise DataError(
            f'{type(step).__name__}: the sample has no field {key!r} (keys), it has '
            f'{sorted(results)}'
        )
    return results[key]
