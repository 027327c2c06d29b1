"""Layers that enlarge a feature map, by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.model import xavier_init
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import MODELS
from .build import build_layer

__all__ = [
    'BilinearUpsample',
    'NearestUpsample',
    'PixelShufflePack',
    'build_upsample_layer',
]


@MODELS.register_module('nearest')
class NearestUpsample(nn.Upsample):
    """Repeat the nearest pixel.

    Args:
        size: ``(height, width)`` of the result, in pixels.
        scale_factor: How many times as large the result is; instead of ``size``.

    Shape:
        x: ``(B, C, H, W)``; returns ``(B, C, H', W')``.

    Example:
        >>> MODELS.build(dict(type='nearest', scale_factor=2))(torch.ones(1, 1, 2, 3)
        ... ).shape
        torch.Size([1, 1, 4, 6])
    """

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale_factor: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__(size, scale_factor, mode='nearest')


@MODELS.register_module('bilinear')
class BilinearUpsample(nn.Upsample):
    """Interpolate between pixels.

    Args:
        size: ``(height, width)`` of the result, in pixels.
        scale_factor: How many times as large the result is; instead of ``size``.
        align_corners: Whether the centres of the corner pixels stay in place, instead
            of their outer edges.

    Shape:
        x: ``(B, C, H, W)``; returns ``(B, C, H', W')``.

    Example:
        >>> grow = MODELS.build(dict(type='bilinear', size=3, align_corners=True))
        >>> grow(torch.tensor([[[[0.0, 2.0]]]]))[0, 0, 0]
        tensor([0., 1., 2.])
    """

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale_factor: float | Sequence[float] | None = None,
        align_corners: bool | None = None,
    ) -> None:
        super().__init__(size, scale_factor, 'bilinear', align_corners)


@MODELS.register_module('pixel_shuffle')
class PixelShufflePack(nn.Module):
    """A convolution whose channels become the pixels of a larger map.

    Paper: Real-Time Single Image and Video Super-Resolution Using an Efficient
    Sub-Pixel Convolutional Neural Network, CVPR 2016, https://arxiv.org/abs/1609.05158

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        scale_factor: How many times as large the result is.
        upsample_kernel: Kernel size of the convolution, an odd number of pixels.

    Shape:
        x: ``(B, in_channels, H, W)``; returns
            ``(B, out_channels, H * scale_factor, W * scale_factor)``.

    Example:
        >>> PixelShufflePack(4, 8, 2, 3)(torch.zeros(1, 4, 5, 6)).shape
        torch.Size([1, 8, 10, 12])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        scale_factor: int,
        upsample_kernel: int,
    ) -> None:
        super().__init__()
        self.scale_factor = scale_factor
        self.upsample_conv = nn.Conv2d(
            in_channels,
            out_channels * scale_factor**2,
            upsample_kernel,
            padding=(upsample_kernel - 1) // 2,
        )
        self.init_weights()

    def init_weights(self) -> None:
        """Xavier for the convolution."""
        xavier_init(self.upsample_conv, distribution='uniform')

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, and sort the channels into pixels."""
        return F.pixel_shuffle(self.upsample_conv(x), self.scale_factor)


def build_upsample_layer(cfg: dict, *args: Any, **kwargs: Any) -> nn.Module:
    """Build a layer that enlarges a feature map.

    Args:
        cfg: A dict with a ``type``: ``'nearest'``, ``'bilinear'``,
            ``'pixel_shuffle'``, ``'deconv'`` (a transposed convolution), or one of your
            own; and arguments of that type.
        args: Arguments that the surrounding module knows.
        kwargs: More of these, by name.

    Raises:
        ConfigError: if ``cfg`` does not fit the type it names.

    Example:
        >>> build_upsample_layer(dict(type='nearest', scale_factor=2))
        NearestUpsample(scale_factor=2.0, mode='nearest')
        >>> build_upsample_layer(dict(type='deconv', stride=2), 3, 8, kernel_size=2)
        ConvTranspose2d(3, 8, kernel_size=(2, 2), stride=(2, 2))
    """
    return build_layer(cfg, *args, **kwargs)
