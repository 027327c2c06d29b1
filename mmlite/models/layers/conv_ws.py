"""Convolutions whose weights are standardised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...registry import MODELS

__all__ = ['ConvAWS2d', 'ConvWS2d']


@MODELS.register_module('ConvWS')
class ConvWS2d(nn.Conv2d):
    """A convolution whose weights have mean 0 and deviation 1 for each output channel.

    Paper: Micro-Batch Training with Batch-Channel Normalization and Weight
    Standardization, https://arxiv.org/abs/1903.10520

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: In pixels.
        stride: In pixels.
        eps: Added to the deviation.
        kwargs: Further arguments of ``torch.nn.Conv2d``.

    Shape:
        x: ``(B, in_channels, H, W)``; returns ``(B, out_channels, H', W')``.

    Example:
        >>> from mmlite.models.layers import ConvModule
        >>> block = ConvModule(3, 8, 3, conv_cfg=dict(type='ConvWS'),
        ...     norm_cfg=dict(type='GN', num_groups=4))
        >>> block(torch.zeros(1, 3, 5, 5)).shape
        torch.Size([1, 8, 3, 3])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        eps: float = 1e-5,
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, **kwargs)
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with the standardised weights."""
        deviation, mean = _statistics(self.weight, 'std')
        weight = (self.weight - mean) / (deviation + self.eps)
        return self._conv_forward(x, weight, self.bias)


@MODELS.register_module('ConvAWS')
class ConvAWS2d(nn.Conv2d):
    """A convolution with standardised weights, scaled and shifted by buffers.

    Weights of a plain convolution are loaded too: the buffers then take their
    deviations and means, so that the output is the same. Paper: DetectoRS,
    https://arxiv.org/abs/2006.02334

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: In pixels.
        stride: In pixels.
        kwargs: Further arguments of ``torch.nn.Conv2d``.

    Shape:
        x: ``(B, in_channels, H, W)``; returns ``(B, out_channels, H', W')``.

    Example:
        >>> plain = nn.Conv2d(3, 8, 3)
        >>> conv = ConvAWS2d(3, 8, 3)
        >>> conv.load_state_dict(plain.state_dict())
        <All keys matched successfully>
        >>> x = torch.randn(1, 3, 5, 5)
        >>> torch.allclose(conv(x), plain(x), atol=1e-4)
        True
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, **kwargs)
        self.register_buffer('weight_gamma', torch.ones(out_channels, 1, 1, 1))
        self.register_buffer('weight_beta', torch.zeros(out_channels, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with the standardised, scaled and shifted weights."""
        variance, mean = _statistics(self.weight, 'var')
        weight = (self.weight - mean) / (variance + 1e-5).sqrt()
        weight = self.weight_gamma * weight + self.weight_beta
        return self._conv_forward(x, weight, self.bias)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any
    ) -> None:
        """Make the buffers of weights that have none."""
        weight = state_dict.get(f'{prefix}weight')
        names = [f'{prefix}weight_gamma', f'{prefix}weight_beta']
        if weight is not None and not any(name in state_dict for name in names):
            variance, mean = _statistics(weight, 'var')
            made = zip(names, ((variance + 1e-5).sqrt(), mean), strict=True)
            state_dict = {**state_dict, **dict(made)}
        super()._load_from_state_dict(state_dict, prefix, *args)


def _statistics(weight: Tensor, spread: str) -> tuple[Tensor, Tensor]:
    """Deviation or variance, and mean, of each output channel, ``(C, 1, 1, 1)``."""
    rows = weight.flatten(1)
    shape = (-1, 1, 1, 1)
    return getattr(rows, spread)(dim=1).view(shape), rows.mean(dim=1).view(shape)
