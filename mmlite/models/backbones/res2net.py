"""Res2Net.

Paper: Res2Net: A New Multi-scale Backbone Architecture, TPAMI 2021,
https://arxiv.org/abs/1904.01169
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from ...errors import check_at_least
from ...registry import MODELS
from ..layers import Bottleneck, ResLayer, build_conv_layer, build_norm_layer
from .resnet import ResNet

__all__ = ['Bottle2neck', 'Res2Layer', 'Res2Net']


class Bottle2neck(Bottleneck):
    """A bottleneck whose channels are convolved in several steps.

    The channels are split; each part is added to what the step before gave,
    and convolved. Other arguments are those of ``ResidualBlock``.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        scales: Number of parts that the channels are split into, 2 or more.
        base_width: Channels of a part in the first stage.
        base_channels: Width of the network's first stage before expansion.
        stage_type: ``'stage'`` for the first block of a stage, whose parts are
            convolved apart and the last one pooled, else ``'normal'``.
        kwargs: Further arguments of ``Bottleneck``.

    Raises:
        ValueError: if scales is 1: that is ``Bottleneck``.

    Example:
        >>> Bottle2neck(64, 64)(torch.zeros(1, 64, 4, 4)).shape
        torch.Size([1, 64, 4, 4])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        scales: int = 4,
        base_width: int = 26,
        base_channels: int = 64,
        stage_type: Literal['normal', 'stage'] = 'normal',
        **kwargs: Any,
    ) -> None:
        check_at_least(2, scales=scales)
        self.scales = scales
        self.stage_type = stage_type
        mid_channels = out_channels // self.default_expansion
        self.width = mid_channels * base_width // base_channels
        super().__init__(
            in_channels, out_channels, mid_channels=self.width * scales, **kwargs
        )
        stride = self.stride if self.style == 'pytorch' else 1
        if stage_type == 'stage':
            self.pool = nn.AvgPool2d(kernel_size=3, stride=stride, padding=1)
        self.convs = nn.ModuleList(
            build_conv_layer(
                self.conv_cfg,
                self.width,
                self.width,
                kernel_size=3,
                stride=stride,
                padding=self.dilation,
                dilation=self.dilation,
                bias=False,
            )
            for _ in range(scales - 1)
        )
        self.bns = nn.ModuleList(
            build_norm_layer(self.norm_cfg, self.width)[1] for _ in range(scales - 1)
        )

    def make_middle(self, stride: int) -> None:
        """Nothing: the convolutions come last in the state dict."""

    def middle(self, x: Tensor) -> Tensor:
        """The convolutions of the parts."""
        *parts, last = x.split(self.width, dim=1)
        first = self.stage_type == 'stage'
        outs: list[Tensor] = []
        for part, conv, norm in zip(parts, self.convs, self.bns, strict=True):
            if outs and not first:
                part = outs[-1] + part
            outs.append(self.relu(norm(conv(part.contiguous()))))
        outs.append(self.pool(last) if first else last)
        return torch.cat(outs, dim=1)


class Res2Layer(ResLayer):
    """One stage of a Res2Net; arguments are those of ``ResLayer``."""

    @staticmethod
    def block_arguments(index: int) -> dict[str, Any]:
        """The first block of a stage is of another type."""
        return dict(stage_type='normal' if index else 'stage')

    @classmethod
    def _downsample(
        cls, in_channels: int, out_channels: int, stride: int, avg_down: bool, *cfgs
    ) -> nn.Sequential:
        if not avg_down:
            return ResLayer._downsample(in_channels, out_channels, stride, False, *cfgs)
        pool = nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False)
        conv_norm = ResLayer._downsample(in_channels, out_channels, 1, False, *cfgs)
        return nn.Sequential(pool, *conv_norm)  # a pooling even where the size stays


@MODELS.register_module()
class Res2Net(ResNet):
    """ResNet whose blocks see several scales.

    Args:
        scales: Number of parts that the channels of a block are split into, 2 or more.
        base_width: Channels of a part in the first stage.
        style: See :class:`ResNet`.
        deep_stem: See :class:`ResNet`.
        avg_down: See :class:`ResNet`.
        init_cfg: Config of the initialisation.
        kwargs: Other arguments of :class:`ResNet`; depth is 50, 101 or 152.

    Example:
        >>> model = MODELS.build(dict(type='Res2Net', depth=50, scales=8))
        >>> len(model.layer1[0].convs)
        7
    """

    arch_settings: ClassVar[dict] = {
        50: (Bottle2neck, (3, 4, 6, 3)),
        101: (Bottle2neck, (3, 4, 23, 3)),
        152: (Bottle2neck, (3, 8, 36, 3)),
    }

    def __init__(
        self,
        scales: int = 4,
        base_width: int = 26,
        style: Literal['pytorch', 'caffe'] = 'pytorch',
        deep_stem: bool = True,
        avg_down: bool = True,
        init_cfg: dict | list[dict] | None = None,
        **kwargs: Any,
    ) -> None:
        self.scales = scales
        self.base_width = base_width
        super().__init__(
            style=style,
            deep_stem=deep_stem,
            avg_down=avg_down,
            init_cfg=init_cfg,
            **kwargs,
        )

    def make_res_layer(self, **kwargs: Any) -> nn.Module:
        """Build one stage."""
        return Res2Layer(
            scales=self.scales,
            base_width=self.base_width,
            base_channels=self.base_channels,
            **kwargs,
        )
