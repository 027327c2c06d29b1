"""Arrays as tensors: in native byte order, writeable, and without a copy if it can be.

Shape:
    An image is ``(H, W)`` or ``(H, W, C)``, and becomes ``(C, H, W)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import DataError

__all__ = ['image_as_tensor', 'is_numeric', 'numeric_as_tensor']

_NUMERIC = 'biufc'  # kinds of numpy's types


def image_as_tensor(value: Any) -> Tensor:
    """An image with its channels first."""
    if isinstance(value, np.ndarray) and value.dtype.kind in _NUMERIC:
        if value.ndim == 2:
            value = value[None]
        elif value.ndim == 3:
            value = value.transpose(2, 0, 1)
        else:
            raise DataError(
                f'expected an image (H, W) or (H, W, C), got the shape {value.shape}; '
                'a field of another kind has another name, entered with '
                'register_field(name, kind)'
            )
    return numeric_as_tensor(value)


def numeric_as_tensor(value: Any) -> Tensor:
    """Numbers as a tensor.

    Raises:
        DataError: if they are none.

    Example:
        >>> numeric_as_tensor(np.array([1, 2], '>i2'))
        tensor([1, 2], dtype=torch.int16)
    """
    if isinstance(value, np.ndarray):
        return _from_array(value)
    if isinstance(value, Tensor):
        return value
    if is_numeric(value) or isinstance(value, (list, tuple)):
        try:
            return _from_array(np.asarray(value))
        except ValueError:  # lists of several lengths
            pass
    raise DataError(f'expected numbers, got {_shown(value)}; {_remedy(value)}')


def is_numeric(value: Any) -> bool:
    """Whether it is an array, a number or a tensor."""
    return isinstance(value, (np.ndarray, np.generic, int, float, Tensor))


def _from_array(value: np.ndarray) -> Tensor:
    if value.dtype.kind not in _NUMERIC:
        raise DataError(
            f'expected numbers, got an array of {value.dtype} of shape {value.shape}; '
            'give an array of one numeric type'
        )
    if not value.dtype.isnative:
        value = value.astype(value.dtype.newbyteorder('='))
    if not value.flags.writeable:
        value = value.copy()
    try:
        return torch.from_numpy(value)
    except ValueError:  # a flip that is a view
        return torch.from_numpy(value.copy())
    except TypeError:
        raise DataError(
            f'torch has no type for an array of {value.dtype}; give e.g. float32'
        ) from None


def _shown(value: Any) -> str:
    kind = type(value)
    if kind.__module__.startswith('PIL'):
        return f'a Pillow image of size {value.size}'
    return f'a {kind.__name__}'


def _remedy(value: Any) -> str:
    if type(value).__module__.startswith('PIL'):
        return 'turn it into an array: np.asarray(image)[..., ::-1] gives BGR'
    return 'give an array of one numeric type'
