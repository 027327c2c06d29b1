"""The features of PSMNet and GwcNet, and their plain convolutions."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import TrainingError

__all__ = ['SpatialPyramid', 'StereoResNet', 'conv_bn', 'conv_bn_3d', 'init_by_fan_out']


def conv_bn(
    in_channels: int,
    out_channels: int,
    kernel_size: int = 3,
    stride: int = 1,
    dilation: int = 1,
    bias: bool = False,
) -> nn.Sequential:
    """A convolution that keeps the size, and its batch norm."""
    padding = dilation * (kernel_size // 2)
    return nn.Sequential(
        nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, padding, dilation, bias=bias
        ),
        nn.BatchNorm2d(out_channels),
    )


def conv_bn_3d(
    in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1
) -> nn.Sequential:
    """A 3D convolution that keeps the size, and its batch norm."""
    padding = kernel_size // 2
    return nn.Sequential(
        nn.Conv3d(in_channels, out_channels, kernel_size, stride, padding, bias=False),
        nn.BatchNorm3d(out_channels),
    )


def init_by_fan_out(module: nn.Module) -> None:
    """Convolutions from a normal distribution of variance ``2 / (k * k * C_out)``."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Conv3d)):
            count = math.prod(layer.kernel_size) * layer.out_channels
            nn.init.normal_(layer.weight, 0, math.sqrt(2 / count))


class _Block(nn.Module):
    """Two convolutions and a shortcut, without an activation at the end."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        dilation: int = 1,
        downsample_bias: bool = False,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            conv_bn(in_channels, channels, 3, stride, dilation), nn.ReLU(inplace=True)
        )
        self.conv2 = conv_bn(channels, channels, 3, 1, dilation)
        self.downsample = None
        if stride != 1 or in_channels != channels:
            self.downsample = conv_bn(
                in_channels, channels, 1, stride, bias=downsample_bias
            )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.conv2(self.conv1(x)) + shortcut


class StereoResNet(nn.Module):
    """The residual network of PSMNet and GwcNet, to a quarter of the size.

    Args:
        downsample_bias: Whether the shortcuts that change the width have a bias, as
            OpenStereo's have.

    Shape:
        x: ``(B, 3, H, W)``.
        returns: 64, 128 and 128 channels, ``(B, C, H / 4, W / 4)``.
    """

    def __init__(self, downsample_bias: bool = False) -> None:
        super().__init__()
        self.firstconv = nn.Sequential(
            conv_bn(3, 32, stride=2),
            nn.ReLU(inplace=True),
            conv_bn(32, 32),
            nn.ReLU(inplace=True),
            conv_bn(32, 32),
            nn.ReLU(inplace=True),
        )
        width = 32
        plan = ((32, 3, 1, 1), (64, 16, 2, 1), (128, 3, 1, 1), (128, 3, 1, 2))
        for i, (channels, depth, stride, dilation) in enumerate(plan, 1):
            first = _Block(width, channels, stride, dilation, downsample_bias)
            others = [_Block(channels, channels, 1, dilation) for _ in range(depth - 1)]
            setattr(self, f'layer{i}', nn.Sequential(first, *others))
            width = channels

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The maps of the last three stages."""
        half = self.layer1(self.firstconv(x))
        raw = self.layer2(half)
        middle = self.layer3(raw)
        return raw, middle, self.layer4(middle)


class SpatialPyramid(StereoResNet):
    """The same with pooled maps of four sizes beside it, as PSMNet has it.

    Windows are as large as the map at most, so that small images do as well.

    Args:
        downsample_bias: See :class:`StereoResNet`.
        align_corners: Whether the corner pixels of pooled maps stay at the corners.

    Shape:
        x: ``(B, 3, H, W)``; returns: ``(B, 32, H / 4, W / 4)``.

    Raises:
        TrainingError: if a pooled map has one pixel in all, of which there are no
            batch statistics.
    """

    windows = (64, 32, 16, 8)

    def __init__(
        self, downsample_bias: bool = False, align_corners: bool = False
    ) -> None:
        super().__init__(downsample_bias)
        self.align_corners = align_corners
        for i, window in enumerate(self.windows, 1):
            branch = nn.Sequential(
                nn.AvgPool2d(window), conv_bn(128, 32, 1), nn.ReLU(inplace=True)
            )
            setattr(self, f'branch{i}', branch)
        self.lastconv = nn.Sequential(
            conv_bn(320, 128),
            nn.ReLU(inplace=True),
            nn.Conv2d(128, 32, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """One map of all of it."""
        raw, _, last = super().forward(x)
        maps = [raw, last]
        for i in (4, 3, 2, 1):
            maps.append(self._pooled(getattr(self, f'branch{i}'), last))
        return self.lastconv(torch.cat(maps, dim=1))

    def _pooled(self, branch: nn.Sequential, x: Tensor) -> Tensor:
        pool, conv, act = branch
        size = x.shape[-2:]
        window = tuple(min(pool.kernel_size, side) for side in size)
        pooled = F.avg_pool2d(x, window)
        if self.training and pooled[:, 0].numel() == 1:
            raise TrainingError(
                f'one image of {4 * size[1]}x{4 * size[0]} pooled over {window[1]}x'
                f'{window[0]} leaves one pixel, of which there are no batch '
                'statistics; train with batch_size=2 or more, or with larger crops'
            )
        y = act(conv(pooled))
        return F.interpolate(y, size, mode='bilinear', align_corners=self.align_corners)
