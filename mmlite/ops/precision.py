"""Compute in float32 within mixed precision."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager

import torch
from torch import Tensor

__all__ = ['at_least_float32', 'full_precision']


def at_least_float32(x: Tensor) -> Tensor:
    """Half precision widened.

    A sum needs more than 8 or 11 bits, and a square more than 65504.

    Example:
        >>> at_least_float32(torch.tensor([300.0]).half()).square()
        tensor([90000.])
    """
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def full_precision(device: torch.device | str) -> AbstractContextManager:
    """A context without autocast, also on the meta device, which has none.

    Args:
        device: Where the tensors lie.

    Example:
        >>> x = torch.ones(1, 1)
        >>> with torch.autocast('cpu', torch.bfloat16), full_precision(x.device):
        ...     torch.nn.functional.linear(x, x).dtype
        torch.float32
    """
    kind = torch.device(device).type
    if kind == 'meta':
        return contextlib.nullcontext()
    return torch.autocast(kind, enabled=False)
