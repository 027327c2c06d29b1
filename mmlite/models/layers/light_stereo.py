"""The parts of LightStereo, some of which IGEV has too."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = [
    'FPNLayer',
    'LightAggregation',
    'LightFeatures',
    'MobileStages',
    'conv_block',
]

_WIDTHS = (24, 32, 96, 160)


class _Separable(nn.Module):
    """A depthwise convolution and one of single pixels (timm's names)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv_dw = nn.Conv2d(
            in_channels, in_channels, 3, 1, 1, groups=in_channels, bias=False
        )
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv_pw = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn2(self.conv_pw(F.relu6(self.bn1(self.conv_dw(x)))))


class _Inverted(nn.Module):
    """An inverted residual block (timm's names)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        mid = in_channels * 6
        self.conv_pw = nn.Conv2d(in_channels, mid, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(mid)
        self.conv_dw = nn.Conv2d(mid, mid, 3, stride, 1, groups=mid, bias=False)
        self.bn2 = nn.BatchNorm2d(mid)
        self.conv_pwl = nn.Conv2d(mid, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.is_residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self.bn1(self.conv_pw(x)))
        y = self.bn3(self.conv_pwl(F.relu6(self.bn2(self.conv_dw(y)))))
        return x + y if self.is_residual else y


def _stage(
    in_channels: int, out_channels: int, depth: int, stride: int
) -> nn.Sequential:
    first = _Inverted(in_channels, out_channels, stride)
    others = [_Inverted(out_channels, out_channels, 1) for _ in range(depth - 1)]
    return nn.Sequential(first, *others)


class MobileStages(nn.Module):
    """MobileNetV2, cut off at a stride of 32.

    Shape:
        x: ``(B, 3, H, W)``, multiples of 32.
        returns: 24, 32, 96 and 160 channels at strides 4, 8, 16 and 32.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = nn.Conv2d(3, 32, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.block0 = nn.Sequential(_Separable(32, 16))
        self.block1 = _stage(16, 24, 2, 2)
        self.block2 = _stage(24, 32, 3, 2)
        # Numbered as in the whole network, as the published checkpoints are.
        self.block3 = nn.Sequential(
            OrderedDict({'3': _stage(32, 64, 4, 2), '4': _stage(64, 96, 3, 1)})
        )
        self.block4 = _stage(96, 160, 3, 2)

    def stages(self, x: Tensor) -> list[Tensor]:
        """The four maps."""
        x = self.block0(F.relu6(self.bn1(self.conv_stem(x))))
        maps = []
        for block in (self.block1, self.block2, self.block3, self.block4):
            x = block(x)
            maps.append(x)
        return maps


class _Block(nn.Module):
    """A sequence under the name ``block``."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.block = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)


def conv_block(
    in_channels: int,
    out_channels: int,
    stride: int = 1,
    norm: type[nn.Module] | None = nn.BatchNorm2d,
    act: nn.Module | None = None,
    transposed: bool = False,
    padding_mode: str = 'zeros',
) -> nn.Module:
    """A convolution without a bias, a norm and an activation."""
    if transposed:
        conv: nn.Module = nn.ConvTranspose2d(
            in_channels, out_channels, 4, stride, 1, bias=False
        )
    else:
        conv = nn.Conv2d(
            *(in_channels, out_channels, 3, stride, 1),
            bias=False,
            padding_mode=padding_mode,
        )
    norms = [] if norm is None else [norm(out_channels)]
    return _Block(conv, *norms, *([] if act is None else [act]))


class FPNLayer(nn.Module):
    """A coarse map set beside a fine one.

    Args:
        low_channels: Width of the coarse map.
        high_channels: Width of the fine map, and of the result.

    Shape:
        low: ``(B, C1, H / 2, W / 2)``; high: ``(B, C2, H, W)``; returns: as ``high``.
    """

    def __init__(self, low_channels: int, high_channels: int) -> None:
        super().__init__()
        self.deconv = conv_block(
            *(low_channels, high_channels, 2),
            act=nn.LeakyReLU(0.2),
            transposed=True,
        )
        self.conv = conv_block(high_channels * 2, high_channels, act=nn.LeakyReLU(0.2))

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        """The fine map, joined with the coarse one."""
        return self.conv(torch.cat([high, self.deconv(low)], dim=1))


class LightFeatures(MobileStages):
    """MobileNetV2 and a pyramid over it.

    Shape:
        x: ``(B, 3, H, W)``, multiples of 32.
        returns: 24, 32, 96 and 160 channels at strides 4, 8, 16 and 32.
    """

    def __init__(self) -> None:
        super().__init__()
        c2, c3, c4, c5 = _WIDTHS
        self.fpn_layer4 = FPNLayer(c5, c4)
        self.fpn_layer3 = FPNLayer(c4, c3)
        self.fpn_layer2 = FPNLayer(c3, c2)
        self.out_conv = conv_block(
            c2, c2, norm=nn.InstanceNorm2d, padding_mode='replicate'
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """The maps, from fine to coarse."""
        c2, c3, c4, c5 = self.stages(x)
        p4 = self.fpn_layer4(c5, c4)
        p3 = self.fpn_layer3(p4, c3)
        p2 = self.fpn_layer2(p3, c2)
        return [self.out_conv(p2), p3, p4, c5]


def _conv_bn_relu6(
    in_channels: int, out_channels: int, kernel_size: int, stride: int, groups: int
) -> nn.Sequential:
    padding = kernel_size // 2
    return nn.Sequential(
        nn.Conv2d(
            *(in_channels, out_channels, kernel_size, stride, padding),
            groups=groups,
            bias=False,
        ),
        nn.BatchNorm2d(out_channels),
        nn.ReLU6(inplace=True),
    )


class _Residual(nn.Module):
    """An inverted residual block (OpenStereo's names)."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, ratio: int
    ) -> None:
        super().__init__()
        mid = in_channels * ratio
        self.pwconv = _conv_bn_relu6(in_channels, mid, 1, 1, 1)
        self.dwconv = _conv_bn_relu6(mid, mid, 3, stride, mid)
        self.pwliner = nn.Sequential(
            nn.Conv2d(mid, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)
        )
        self.is_residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        y = self.pwliner(self.dwconv(self.pwconv(x)))
        return x + y if self.is_residual else y


class _StripAttention(nn.Module):
    """A volume times what strips of the left view's features say of it."""

    def __init__(self, channels: int, feat_channels: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(feat_channels, channels, 1)
        for i, size in enumerate((7, 11, 21)):
            wide = nn.Conv2d(
                channels, channels, (1, size), padding=(0, size // 2), groups=channels
            )
            high = nn.Conv2d(
                channels, channels, (size, 1), padding=(size // 2, 0), groups=channels
            )
            setattr(self, f'conv{i}_1', wide)
            setattr(self, f'conv{i}_2', high)
        self.conv3 = nn.Conv2d(channels, channels, 1)

    def forward(self, cost: Tensor, feat: Tensor) -> Tensor:
        attn = self.conv0(feat)
        strips = [
            getattr(self, f'conv{i}_2')(getattr(self, f'conv{i}_1')(attn))
            for i in range(3)
        ]
        return cost * self.conv3(attn + strips[0] + strips[1] + strips[2])


def _deconv_bn(in_channels: int, out_channels: int) -> nn.Sequential:
    conv = nn.ConvTranspose2d(in_channels, out_channels, 3, 2, 1, 1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels))


class LightAggregation(nn.Module):
    """An hourglass of 2D blocks over a cost volume, the disparities as channels.

    Args:
        channels: Number of disparities ``M``.
        blocks: Number of blocks at each of the three sizes.
        expanse_ratio: How much wider the blocks are inside.

    Shape:
        cost: ``(B, M, H, W)``, multiples of 4.
        feats: three maps of 24, 32 and 96 channels at strides 1, 2 and 4.
        returns: ``(B, M, H, W)``.
    """

    def __init__(
        self, channels: int, blocks: Sequence[int], expanse_ratio: int
    ) -> None:
        super().__init__()
        wide, wider = channels * 2, channels * 4

        def block(width: int, out: int, stride: int = 1) -> _Residual:
            return _Residual(width, out, stride, expanse_ratio)

        def repeated(width: int, count: int) -> nn.Sequential:
            return nn.Sequential(*(block(width, width) for _ in range(count)))

        self.conv0 = repeated(channels, blocks[0])
        self.conv1 = block(channels, wide, 2)
        self.conv2 = repeated(wide, blocks[1] - 1)
        self.conv3 = block(wide, wider, 2)
        self.conv4 = repeated(wider, blocks[2] - 1)
        self.conv5 = _deconv_bn(wider, wide)
        self.conv6 = _deconv_bn(wide, channels)
        self.redir1 = block(channels, channels)
        self.redir2 = block(wide, wide)
        self.att0 = _StripAttention(channels, _WIDTHS[0])
        self.att2 = _StripAttention(wide, _WIDTHS[1])
        self.att4 = _StripAttention(wider, _WIDTHS[2])

    def forward(self, cost: Tensor, feats: Sequence[Tensor]) -> Tensor:
        """The volume, refined."""
        fine = self.att0(self.conv0(cost), feats[0])
        half = self.att2(self.conv2(self.conv1(fine)), feats[1])
        coarse = self.att4(self.conv4(self.conv3(half)), feats[2])
        half = F.relu(self.conv5(coarse) + self.redir2(half))
        return F.relu(self.conv6(half) + self.redir1(fine))
