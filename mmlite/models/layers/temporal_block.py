"""Residual blocks of sequences, and what gathers their frames part by part."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .frames import SetBlockWrapper, each_sequence
from .part_conv import BareConv1d

__all__ = ['BasicBlock3D', 'BasicBlockP3D', 'TemporalFeatureAggregator']

Lengths = Tensor | Sequence[int] | None


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    if stride == 1 and in_channels == out_channels:
        return None
    steps = (1, stride, stride)
    return nn.Sequential(
        nn.Conv3d(in_channels, out_channels, 1, stride=steps, bias=False),
        nn.BatchNorm3d(out_channels),
    )


class BasicBlockP3D(nn.Module):
    """Two convolutions of each frame, and a third over time between them.

    Paper: Exploring Deep Models for Practical Gait Recognition,
    https://arxiv.org/abs/2303.03301 (section 3.2).

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output.
        stride: In pixels; time keeps its length.

    Shape:
        x: ``(B, in_channels, S, H, W)``.
        returns: ``(B, out_channels, S, H / stride, W / stride)``.

    Example:
        >>> BasicBlockP3D(4, 8, stride=2)(torch.zeros(1, 4, 3, 8, 6)).shape
        torch.Size([1, 8, 3, 4, 3])
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = SetBlockWrapper(
            nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
                nn.BatchNorm2d(out_channels),
                nn.ReLU(inplace=True),
            )
        )
        self.conv2 = SetBlockWrapper(
            nn.Sequential(
                nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False),
                nn.BatchNorm2d(out_channels),
            )
        )
        self.shortcut3d = nn.Conv3d(
            out_channels, out_channels, (3, 1, 1), padding=(1, 0, 0), bias=False
        )
        self.sbn = nn.BatchNorm3d(out_channels)
        self.downsample = _shortcut(in_channels, out_channels, stride)

    def forward(self, x: Tensor, lengths: Lengths = None) -> Tensor:
        """The block; ``lengths`` are those of concatenated sequences."""
        identity = x if self.downsample is None else self.downsample(x)
        out = self.conv1(x)
        over_time = each_sequence(self.shortcut3d, out, lengths)
        out = F.relu(out + self.sbn(over_time))
        return F.relu(self.conv2(out) + identity)


class BasicBlock3D(nn.Module):
    """Two convolutions over frames and pixels.

    Paper: as of :class:`BasicBlockP3D`.

    Args:
        in_channels: Width of the input.
        out_channels: Width of the output.
        stride: In pixels; time keeps its length.

    Shape:
        x: ``(B, in_channels, S, H, W)``.
        returns: ``(B, out_channels, S, H / stride, W / stride)``.

    Example:
        >>> BasicBlock3D(4, 8, stride=2)(torch.zeros(1, 4, 3, 8, 6)).shape
        torch.Size([1, 8, 3, 4, 3])
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        steps = (1, stride, stride)
        self.conv1 = nn.Conv3d(in_channels, out_channels, 3, steps, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(out_channels)
        self.conv2 = nn.Conv3d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(out_channels)
        self.downsample = _shortcut(in_channels, out_channels, stride)

    def forward(self, x: Tensor, lengths: Lengths = None) -> Tensor:
        """The block; ``lengths`` are those of concatenated sequences."""
        identity = x if self.downsample is None else self.downsample(x)
        out = F.relu(self.bn1(each_sequence(self.conv1, x, lengths)))
        out = self.bn2(each_sequence(self.conv2, out, lengths))
        return F.relu(out + identity)


class TemporalFeatureAggregator(nn.Module):
    """Weighs short pieces of time, for each part by its own layers, and pools them.

    Paper: GaitPart: Temporal Part-based Model for Gait Recognition, CVPR 2020,
    https://openaccess.thecvf.com/content_CVPR_2020/html/Fan_GaitPart_Temporal_Part-Based_Model_for_Gait_Recognition_CVPR_2020_paper.html
    (section 3.3).

    Args:
        in_channels: Width of the input.
        squeeze: What the width is divided by inside.
        parts_num: Number of parts ``P``.

    Shape:
        x: ``(B, in_channels, S, P)``.
        returns: ``(B, in_channels, P)``.

    Example:
        >>> TemporalFeatureAggregator(8, parts_num=3)(torch.zeros(2, 8, 5, 3)).shape
        torch.Size([2, 8, 3])
    """

    def __init__(self, in_channels: int, squeeze: int = 4, parts_num: int = 16) -> None:
        super().__init__()
        self.parts_num = parts_num
        self.conv1d3x1 = _scores(in_channels, in_channels // squeeze, parts_num, 1)
        self.conv1d3x3 = _scores(in_channels, in_channels // squeeze, parts_num, 3)

    def forward(self, x: Tensor) -> Tensor:
        """The largest weighted value over time."""
        batch, channels, frames, parts = x.shape
        rows = x.permute(0, 3, 1, 2).reshape(batch, parts * channels, frames)
        short = F.avg_pool1d(rows, 3, 1, 1) + F.max_pool1d(rows, 3, 1, 1)
        long = F.avg_pool1d(rows, 5, 1, 2) + F.max_pool1d(rows, 5, 1, 2)
        weighted = short * self._weights(self.conv1d3x1, rows)
        weighted = weighted + long * self._weights(self.conv1d3x3, rows)
        return weighted.amax(dim=2).view(batch, parts, channels).transpose(1, 2)

    def _weights(self, layers: nn.ModuleList, rows: Tensor) -> Tensor:
        """The layers of all parts at once: convolutions in groups."""
        for place in (0, 2):
            weight = torch.cat([part[place].conv.weight for part in layers])
            padding = weight.size(2) // 2
            rows = F.conv1d(rows, weight, padding=padding, groups=self.parts_num)
            rows = rows.sigmoid() if place else F.leaky_relu(rows)
        return rows


def _scores(channels: int, inner: int, parts: int, last: int) -> nn.ModuleList:
    return nn.ModuleList(
        nn.Sequential(
            BareConv1d(channels, inner, 3, padding=1),
            nn.LeakyReLU(),
            BareConv1d(inner, channels, last, padding=last // 2),
        )
        for _ in range(parts)
    )
