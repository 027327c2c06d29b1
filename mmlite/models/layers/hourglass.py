"""Encoder and decoder of 3D convolutions over a cost volume."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from .stereo_resnet import conv_bn_3d

__all__ = ['GwcHourglass', 'PSMHourglass', 'cost_classifier', 'cost_stem']


def _deconv_bn(in_channels: int, out_channels: int) -> nn.Sequential:
    conv = nn.ConvTranspose3d(in_channels, out_channels, 3, 2, 1, 1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm3d(out_channels))


def _conv_relu(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        conv_bn_3d(in_channels, out_channels, stride=stride), nn.ReLU(inplace=True)
    )


def cost_stem(in_channels: int, channels: int, last_relu: bool = True) -> nn.Sequential:
    """Two 3D convolutions before the hourglasses."""
    layers = [
        conv_bn_3d(in_channels, channels),
        nn.ReLU(inplace=True),
        conv_bn_3d(channels, channels),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if last_relu else []))


def cost_classifier(channels: int) -> nn.Sequential:
    """From features of a volume to one number for each disparity."""
    return nn.Sequential(
        conv_bn_3d(channels, channels),
        nn.ReLU(inplace=True),
        nn.Conv3d(channels, 1, 3, padding=1, bias=False),
    )


class PSMHourglass(nn.Module):
    """An hourglass of PSMNet, which takes and gives maps of others in between.

    Args:
        channels: Width of the volume ``C``.

    Shape:
        x: ``(B, C, M, H, W)``, all multiples of 4.
        pre, post: ``(B, 2 C, M / 2, H / 2, W / 2)``, or None.
        returns: the volume, and its own ``pre`` and ``post``.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = channels * 2
        self.conv1 = _conv_relu(channels, wide, 2)
        self.conv2 = conv_bn_3d(wide, wide)
        self.conv3 = _conv_relu(wide, wide, 2)
        self.conv4 = _conv_relu(wide, wide)
        self.conv5 = _deconv_bn(wide, wide)
        self.conv6 = _deconv_bn(wide, channels)

    def forward(
        self, x: Tensor, pre: Tensor | None = None, post: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The volume, and what stands before and behind its narrowest place."""
        own = self.conv2(self.conv1(x))
        own = F.relu(own if post is None else own + post)
        y = self.conv5(self.conv4(self.conv3(own)))
        after = F.relu(y + (own if pre is None else pre))
        return self.conv6(after), own, after


class GwcHourglass(nn.Module):
    """An hourglass of GwcNet, with convolutions in its shortcuts.

    Args:
        channels: Width of the volume ``C``.

    Shape:
        x: ``(B, C, M, H, W)``, all multiples of 4; returns: the same.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide, wider = channels * 2, channels * 4
        self.conv1 = _conv_relu(channels, wide, 2)
        self.conv2 = _conv_relu(wide, wide)
        self.conv3 = _conv_relu(wide, wider, 2)
        self.conv4 = _conv_relu(wider, wider)
        self.conv5 = _deconv_bn(wider, wide)
        self.conv6 = _deconv_bn(wide, channels)
        self.redir1 = conv_bn_3d(channels, channels, 1)
        self.redir2 = conv_bn_3d(wide, wide, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The volume, refined."""
        half = self.conv2(self.conv1(x))
        quarter = self.conv4(self.conv3(half))
        half = F.relu(self.conv5(quarter) + self.redir2(half))
        return F.relu(self.conv6(half) + self.redir1(x))
