"""How the weights of a network lie in memory."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ['CHANNELS_LAST', 'use_channels_last']

#: The layout with the channels of a place side by side, by the number of dimensions.
CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def use_channels_last(module: nn.Module) -> None:
    """Lay out the kernels of 2D and of 3D convolutions with the channels last.

    Args:
        module: The network, which is changed in place; its values stay.

    Example:
        >>> conv = torch.nn.Conv3d(2, 4, 3)
        >>> use_channels_last(conv)
        >>> conv.weight.is_contiguous(memory_format=torch.channels_last_3d)
        True
    """
    for tensor in (*module.parameters(), *module.buffers()):
        layout = CHANNELS_LAST.get(tensor.ndim)
        if layout is not None:
            tensor.data = tensor.data.to(memory_format=layout)
