"""Compute in float32 within mixed precision."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager

import torch


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
