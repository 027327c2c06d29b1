"""Put one layer where several were, for inference."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ['fuse_children']


@torch.no_grad()
def fuse_children(module: nn.Module) -> None:
    """Replace every module inside that has a method ``fuse`` by what that returns.

    Example:
        >>> class Fused(torch.nn.Module):
        ...     def fuse(self):
        ...         return torch.nn.Identity()
        >>> layers = torch.nn.Sequential(Fused(), torch.nn.Sequential(Fused()))
        >>> fuse_children(layers)
        >>> layers[0], layers[1][0]
        (Identity(), Identity())
    """
    for name, child in module.named_children():
        if hasattr(child, 'fuse'):
            setattr(module, name, child.fuse())
        else:
            fuse_children(child)
