"""A depth-wise and a 1x1 convolution."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from .conv_module import ConvModule

__all__ = ['DepthwiseSeparableConvModule']


class DepthwiseSeparableConvModule(nn.Module):
    """Two ``ConvModule``: depth-wise, then 1x1.

    Paper: MobileNets, https://arxiv.org/abs/1704.04861

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Of the depth-wise convolution, as the next three.
        stride: In pixels.
        padding: In pixels.
        dilation: In pixels.
        kwargs: Further arguments of both.

    Example:
        >>> from mmlite.models.layers import DepthwiseSeparableConvModule
        >>> DepthwiseSeparableConvModule(4, 8, 3)(torch.zeros(1, 4, 5, 5)).shape
        torch.Size([1, 8, 3, 3])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.depthwise_conv = ConvModule(
            in_channels,
            in_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=in_channels,
            **kwargs,
        )
        self.pointwise_conv = ConvModule(in_channels, out_channels, 1, **kwargs)

    def forward(self, x: Tensor) -> Tensor:
        """Both of x."""
        return self.pointwise_conv(self.depthwise_conv(x))
