"""The parts of IGEV: decoded features, and a cost volume that they gate."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .light_stereo import MobileStages

__all__ = [
    'GeometryHourglass',
    'IGEVFeatures',
    'JoinedMaps',
    'VolumeGate',
    'conv_bn_leaky_3d',
    'conv_in',
]


def _conv_norm(conv: nn.Module, norm: type[nn.Module]) -> nn.Sequential:
    """A convolution, its norm and a leaky activation (the authors' names)."""
    act = nn.LeakyReLU(inplace=True)
    return nn.Sequential(OrderedDict(conv=conv, bn=norm(conv.out_channels), act=act))


def conv_in(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 convolution without a bias, instance norm, and a leaky activation."""
    conv = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
    return _conv_norm(conv, nn.InstanceNorm2d)


def conv_bn_leaky_3d(
    in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1
) -> nn.Sequential:
    """A 3D convolution without a bias, batch norm, and a leaky activation."""
    conv = nn.Conv3d(
        *(in_channels, out_channels, kernel_size, stride, kernel_size // 2), bias=False
    )
    return _conv_norm(conv, nn.BatchNorm3d)


class JoinedMaps(nn.Module):
    """A coarse map, enlarged twofold and set before a fine one.

    Args:
        low_channels: Width of the coarse map.
        high_channels: Width of the fine map, and of what the coarse one becomes.
        norm: ``nn.InstanceNorm2d`` or ``nn.BatchNorm2d``.

    Shape:
        low: ``(B, C1, H / 2, W / 2)``; high: ``(B, C2, H, W)``.
        returns: ``(B, 2 C2, H, W)``.
    """

    def __init__(
        self,
        low_channels: int,
        high_channels: int,
        norm: type[nn.Module] = nn.InstanceNorm2d,
    ) -> None:
        super().__init__()
        up = nn.ConvTranspose2d(low_channels, high_channels, 4, 2, 1, bias=False)
        both = 2 * high_channels
        self.conv1 = _conv_norm(up, norm)
        self.conv2 = _conv_norm(nn.Conv2d(both, both, 3, 1, 1, bias=False), norm)

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        """The fine map, joined with the coarse one."""
        return self.conv2(torch.cat([self.conv1(low), high], dim=1))


class IGEVFeatures(MobileStages):
    """MobileNetV2, and what goes back from its coarsest map to the finest.

    Shape:
        x: ``(B, 3, H, W)``, multiples of 32.
        returns: 48, 64, 192 and 160 channels at strides 4, 8, 16 and 32.
    """

    def __init__(self) -> None:
        super().__init__()
        # The authors wrap the stages once more than timm does.
        for name in ('block0', 'block1', 'block2', 'block4'):
            setattr(self, name, nn.Sequential(getattr(self, name)))
        self.block3 = nn.Sequential(*self.block3)
        self.deconv32_16 = JoinedMaps(160, 96)
        self.deconv16_8 = JoinedMaps(192, 32)
        self.deconv8_4 = JoinedMaps(64, 24)
        self.conv4 = conv_in(48, 48)

    def forward(self, x: Tensor) -> list[Tensor]:
        """The maps, from fine to coarse."""
        x4, x8, x16, x32 = self.stages(x)
        x16 = self.deconv32_16(x32, x16)
        x8 = self.deconv16_8(x16, x8)
        x4 = self.deconv8_4(x8, x4)
        return [self.conv4(x4), x8, x16, x32]


class VolumeGate(nn.Module):
    """A cost volume times gates that features of the left view open.

    Paper: Correlate-and-Excite: Real-Time Stereo Matching via Guided Cost Volume
    Excitation, IROS 2021, https://arxiv.org/abs/2108.05773

    Args:
        channels: Width of the volume.
        feat_channels: Width of the features.

    Shape:
        volume: ``(B, C, M, H, W)``; feat: ``(B, C', H, W)``; returns: as ``volume``.
    """

    def __init__(self, channels: int, feat_channels: int) -> None:
        super().__init__()
        mid = feat_channels // 2
        first = nn.Conv2d(feat_channels, mid, 1, bias=False)
        self.feat_att = nn.Sequential(
            _conv_norm(first, nn.BatchNorm2d), nn.Conv2d(mid, channels, 1)
        )

    def forward(self, volume: Tensor, feat: Tensor) -> Tensor:
        """The volume, gated alike at all disparities."""
        return volume * torch.sigmoid(self.feat_att(feat)).unsqueeze(2)


class GeometryHourglass(nn.Module):
    """An hourglass over a cost volume, gated by features at each of its sizes.

    Args:
        channels: Width of the volume ``C``.
        feat_channels: Widths of the features at a half, a quarter and an eighth of
            the size of the volume.

    Shape:
        volume: ``(B, C, M, H, W)``, all multiples of 8; feats: three maps.
        returns: ``(B, C, M, H, W)``.
    """

    def __init__(
        self, channels: int, feat_channels: Sequence[int] = (64, 192, 160)
    ) -> None:
        super().__init__()
        widths = channels, 2 * channels, 4 * channels, 6 * channels
        _, half, quarter, eighth = widths
        for i in range(3):
            narrow, wide = widths[i : i + 2]
            down = conv_bn_leaky_3d(narrow, wide, stride=2)
            layers = nn.Sequential(down, conv_bn_leaky_3d(wide, wide))
            setattr(self, f'conv{i + 1}', layers)
        self.conv3_up = _enlarging(eighth, quarter)
        self.conv2_up = _enlarging(quarter, half)
        self.conv1_up = _enlarging(half, channels, norm=False)
        self.agg_0 = _joining(quarter)
        self.agg_1 = _joining(half)
        self.feature_att_8 = VolumeGate(half, feat_channels[0])
        self.feature_att_16 = VolumeGate(quarter, feat_channels[1])
        self.feature_att_32 = VolumeGate(eighth, feat_channels[2])
        self.feature_att_up_16 = VolumeGate(quarter, feat_channels[1])
        self.feature_att_up_8 = VolumeGate(half, feat_channels[0])

    def forward(self, volume: Tensor, feats: Sequence[Tensor]) -> Tensor:
        """The volume, refined."""
        at_8, at_16, at_32 = feats
        half = self.feature_att_8(self.conv1(volume), at_8)
        quarter = self.feature_att_16(self.conv2(half), at_16)
        eighth = self.feature_att_32(self.conv3(quarter), at_32)
        both = torch.cat([self.conv3_up(eighth), quarter], dim=1)
        quarter = self.feature_att_up_16(self.agg_0(both), at_16)
        both = torch.cat([self.conv2_up(quarter), half], dim=1)
        half = self.feature_att_up_8(self.agg_1(both), at_8)
        return self.conv1_up(half)


class _BareDeconv(nn.Module):
    """A transposed convolution beside a norm that the authors have but never call."""

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv
        self.bn = nn.BatchNorm3d(conv.out_channels).requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


def _enlarging(in_channels: int, out_channels: int, norm: bool = True) -> nn.Module:
    conv = nn.ConvTranspose3d(in_channels, out_channels, 4, 2, 1, bias=False)
    return _conv_norm(conv, nn.BatchNorm3d) if norm else _BareDeconv(conv)


def _joining(channels: int) -> nn.Sequential:
    """Three convolutions over two volumes beside each other."""
    return nn.Sequential(
        conv_bn_leaky_3d(2 * channels, channels, 1),
        conv_bn_leaky_3d(channels, channels),
        conv_bn_leaky_3d(channels, channels),
    )
