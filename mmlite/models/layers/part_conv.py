"""Convolutions that see a picture of a body in horizontal strips."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ['BareConv1d', 'BareConv2d', 'BareConv3d', 'FocalConv2d', 'GLConv']


class _BareConv(nn.Module):
    """A convolution without bias, called ``conv``."""

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        """The convolution."""
        return self.conv(x)


class BareConv1d(_BareConv):
    """A convolution over time without bias; its weight is ``conv.weight``.

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output.
        kernel_size: In frames.
        kwargs: Other arguments of ``nn.Conv1d``.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, **kwargs: Any
    ) -> None:
        super().__init__(
            nn.Conv1d(in_channels, out_channels, kernel_size, bias=False, **kwargs)
        )


class BareConv2d(_BareConv):
    """A convolution of images without bias; its weight is ``conv.weight``.

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output.
        kernel_size: In pixels.
        stride: In pixels.
        padding: In pixels.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
    ) -> None:
        super().__init__(
            nn.Conv2d(
                in_channels, out_channels, kernel_size, stride, padding, bias=False
            )
        )


class BareConv3d(nn.Module):
    """A convolution of sequences without bias; its weight is ``conv3d.weight``.

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output.
        kernel_size: In frames and pixels.
        stride: Likewise.
        padding: Likewise.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, int, int] = (3, 3, 3),
        stride: tuple[int, int, int] = (1, 1, 1),
        padding: tuple[int, int, int] = (1, 1, 1),
    ) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(
            in_channels, out_channels, kernel_size, stride, padding, bias=False
        )

    def forward(self, x: Tensor) -> Tensor:
        """The convolution."""
        return self.conv3d(x)


class FocalConv2d(BareConv2d):
    """One convolution on each horizontal strip, so that none sees its neighbours.

    Paper: GaitPart: Temporal Part-based Model for Gait Recognition, CVPR 2020,
    https://openaccess.thecvf.com/content_CVPR_2020/html/Fan_GaitPart_Temporal_Part-Based_Model_for_Gait_Recognition_CVPR_2020_paper.html
    (section 3.2).

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output.
        kernel_size: In pixels.
        halving: There are ``2 ** halving`` strips.
        kwargs: Other arguments of :class:`BareConv2d`.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: ``(B, out_channels, H, W)``.

    Example:
        >>> FocalConv2d(3, 8, 3, halving=2, padding=1)(torch.zeros(1, 3, 8, 6)).shape
        torch.Size([1, 8, 8, 6])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        halving: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, **kwargs)
        self.halving = halving

    def forward(self, x: Tensor) -> Tensor:
        """The convolution of each strip, one below the other."""
        return in_strips(self.conv, x, self.halving)


def in_strips(conv: nn.Module, x: Tensor, halving: int) -> Tensor:
    """One convolution of each of ``2 ** halving`` horizontal strips."""
    if not halving:
        return conv(x)
    height = max(1, x.size(-2) // 2**halving)
    return torch.cat([conv(strip) for strip in x.split(height, dim=-2)], dim=-2)


class GLConv(nn.Module):
    """A convolution of the whole body beside one of its strips.

    Paper: Gait Recognition via Effective Global-Local Feature Representation and Local
    Temporal Aggregation, ICCV 2021, https://arxiv.org/abs/2011.01461 (section 3.3).

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output.
        halving: There are ``2 ** halving`` strips.
        fm_sign: Whether both lie one below the other, which doubles the height;
            otherwise they are added.
        kwargs: Arguments of :class:`BareConv3d`.

    Shape:
        x: ``(B, in_channels, S, H, W)``.
        returns: ``(B, out_channels, S, H, W)``, or with ``2 * H`` rows.

    Example:
        >>> GLConv(3, 8, halving=2, fm_sign=True)(torch.zeros(1, 3, 4, 8, 6)).shape
        torch.Size([1, 8, 4, 16, 6])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        halving: int,
        fm_sign: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.halving = halving
        self.fm_sign = fm_sign
        self.global_conv3d = BareConv3d(in_channels, out_channels, **kwargs)
        self.local_conv3d = BareConv3d(in_channels, out_channels, **kwargs)

    def forward(self, x: Tensor) -> Tensor:
        """Both convolutions, after a leaky ReLU."""
        whole = self.global_conv3d(x)
        strips = in_strips(self.local_conv3d, x, self.halving)
        if self.fm_sign:
            return F.leaky_relu(torch.cat([whole, strips], dim=3))
        return F.leaky_relu(whole) + F.leaky_relu(strips)
