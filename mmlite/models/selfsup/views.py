"""Check the views of a batch."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ...errors import DataError

__all__ = ['check_views']


def check_views(model: nn.Module, inputs: Sequence[Tensor], count: int = 2) -> list:
    """The views of a batch, if there are as many as the algorithm compares.

    Args:
        model: The algorithm.
        inputs: What the data preprocessor gives.
        count: How many it compares.

    Raises:
        DataError: if there are others, or it is no list of views.

    Example:
        >>> import torch
        >>> check_views(nn.Identity(), torch.zeros(1, 3, 8, 8))
        Traceback (most recent call last):
        mmlite.errors.DataError: Identity compares 2 views of each image, got one ...
    """
    if isinstance(inputs, (list, tuple)) and len(inputs) == count:
        return list(inputs)
    views = isinstance(inputs, (list, tuple))
    came = f'{len(inputs)} views' if views else 'one tensor'
    raise DataError(
        f'{type(model).__name__} compares {count} views of each image, got {came}; set '
        f"dict(type='MultiView', num_views={count}, transforms=[...]) in the pipeline "
        'before PackInputs'
    )
