"""Steps that choose among the fields of a sample, or turn their axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import DataError
from ...registry import TRANSFORMS
from .base import BaseTransform

__all__ = ['Collect', 'Transpose']


@TRANSFORMS.register_module()
class Collect(BaseTransform):
    """Keep some fields of the sample, and no others.

    Args:
        keys: Their names.

    Raises:
        DataError: if the sample does not have one.

    Example:
        >>> TRANSFORMS.build(dict(type='Collect', keys=['a']))(dict(a=1, b=2))
        {'a': 1}
    """

    is_random = False

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)

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


def _field(step: BaseTransform, results: dict, key: str) -> Any:
    if key not in results:
        raise DataError(
            f'{type(step).__name__}: the sample has no field {key!r} (keys), it has '
            f'{sorted(results)}'
        )
    return results[key]
