"""Numbers of the host on the device of a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

__all__ = ['numbers_like']


def numbers_like(
    values: Sequence[Any], like: Tensor, dtype: torch.dtype | None = None
) -> Tensor:
    """A tensor of numbers beside another one, without a wait for its device.

    ``like.new_tensor(values)`` waits until a GPU has done all that it was given.

    Args:
        values: Numbers, or sequences of them.
        like: Whose device it is.
        dtype: Its type; by default that of ``like``.

    Example:
        >>> numbers_like([1, 2], torch.zeros(3))
        tensor([1., 2.])
    """
    return torch.tensor(values, dtype=dtype or like.dtype).to(
        like.device, non_blocking=True
    )
