"""Convert between the sizes of padded and of original images."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ...errors import DataError
from ...structures import DataSample, meta_values

__all__ = ['pad_like_images', 'unpad']


def unpad(
    values: Tensor | Sequence[Tensor], samples: Sequence[DataSample]
) -> Tensor | Sequence[Tensor]:
    """Remove from maps exactly what was padded to the images.

    Args:
        values: Something for each sample. What is as large as the padded image is a
            map, and cut; all else stays as it is.
        samples: The samples, as the data preprocessor left them.

    Example:
        >>> sample = DataSample(metainfo=dict(
        ...     batch_input_shape=(4, 4), padding=(0, 1, 2, 0)))
        >>> unpad(torch.arange(16).view(1, 4, 4), [sample])
        [tensor([[ 4,  5],
                [ 8,  9],
                [12, 13]])]
    """
    borders = meta_values(samples, 'padding')
    if not any(map(any, filter(None, borders))):
        return values
    sizes = meta_values(samples, 'batch_input_shape')
    cut = []
    for value, border, size in zip(values, borders, sizes, strict=True):
        is_map = isinstance(value, Tensor) and tuple(value.shape[-2:]) == tuple(size)
        if border and is_map:
            left, top, right, bottom = border
            value = value[..., top : size[0] - bottom, left : size[1] - right]
        cut.append(value)
    return cut


def pad_like_images(
    samples: Sequence[DataSample], name: str, fill: float = 0
) -> Tensor:
    """The maps of a batch, padded as its images were.

    Args:
        samples: The samples, as the data preprocessor left them.
        name: A field of maps ``(H, W)`` or ``(1, H, W)``.
        fill: Value at the borders.

    Returns:
        ``(B, H', W')``.

    Raises:
        DataError: if a sample has no such map, or it is of another size than its image.
    """
    maps = []
    borders = meta_values(samples, 'padding')
    sizes = meta_values(samples, 'batch_input_shape')
    for sample, border, size in zip(samples, borders, sizes, strict=True):
        value = sample.get(name)
        if not isinstance(value, Tensor):
            raise DataError(
                f'{name} must be a map, got {value!r} for a sample of the batch'
            )
        value = value.reshape(value.shape[-2:])
        left, top, right, bottom = border or (0, 0, 0, 0)
        value = F.pad(value, (left, right, top, bottom), value=fill)
        if size is not None and tuple(value.shape) != tuple(size):
            raise DataError(
                f'{name} is {tuple(value.shape)} with its borders, but the images are '
                f'{tuple(size)}; crop and resize both together in the pipeline'
            )
        maps.append(value)
    return torch.stack(maps)
