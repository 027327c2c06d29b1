"""A learnt factor per channel."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from ...errors import check_choice

__all__ = ['LayerScale']


class LayerScale(nn.Module):
    """Multiply each channel by a learnt factor that starts small.

    Paper: Going deeper with Image Transformers, ICCV 2021,
    https://arxiv.org/abs/2103.17239

    Args:
        dim: Number of channels.
        layer_scale_init_value: What every factor starts with.
        inplace: Whether to overwrite the input.
        data_format: Where the channels are.

    Shape:
        x: ``(B, *, D)`` for ``'channels_last'``, ``(B, C, *)`` for
            ``'channels_first'``; returns the same shape.

    Example:
        >>> LayerScale(2, 0.1)(torch.ones(1, 3, 2)).sum()
        tensor(0.6000, ...)
    """

    def __init__(
        self,
        dim: int,
        layer_scale_init_value: float | Tensor = 1e-5,
        inplace: bool = False,
        data_format: Literal['channels_last', 'channels_first'] = 'channels_last',
    ) -> None:
        super().__init__()
        check_choice(('channels_last', 'channels_first'), data_format=data_format)
        self.inplace = inplace
        self.data_format = data_format
        self.weight = nn.Parameter(torch.ones(dim) * layer_scale_init_value)

    def forward(self, x: Tensor) -> Tensor:
        """Scale x."""
        weight = self.weight
        if self.data_format == 'channels_first':
            weight = weight.view(-1, *(1 for _ in x.shape[2:]))
        return x.mul_(weight) if self.inplace else x * weight
