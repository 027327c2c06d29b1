"""The small maps that SSD adds to those of its backbone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import ConvModule, DepthwiseSeparableConvModule

__all__ = ['L2Norm', 'SSDNeck']

RELU = dict(type='ReLU')
XAVIER = dict(type='Xavier', layer='Conv2d', distribution='uniform', bias=0)


class L2Norm(nn.Module):
    """Bring the channels at every place to length 1, times a learned factor each.

    Paper: ParseNet, https://arxiv.org/abs/1506.04579

    Args:
        channels: Number of channels ``C``.
        scale: Initial value of the factors.

    Shape:
        x: ``(B, C, H, W)``; returns: the same.

    Example:
        >>> L2Norm(2, scale=10)(torch.tensor([3., 4.]).view(1, 2, 1, 1)).flatten()
        tensor([6., 8.], grad_fn=...)
    """

    def __init__(self, channels: int, scale: float = 20.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), float(scale)))

    def forward(self, x: Tensor) -> Tensor:
        """The normalised map."""
        return self.weight.view(-1, 1, 1) * F.normalize(x)


@MODELS.register_module()
class SSDNeck(BaseModule):
    """Pass the maps of the backbone on, and make ever smaller ones of the last.

    Paper: SSD, ECCV 2016, https://arxiv.org/abs/1512.02325; with depth-wise
    convolutions SSDLite, https://arxiv.org/abs/1801.04381. Names are those of
    mmdetection.

    Args:
        in_channels: Channels of the maps of the backbone.
        out_channels: Channels of all outputs, of which the first are the maps
            themselves.
        level_strides: Stride of the 3x3 convolution of each further map, in pixels.
        level_paddings: Padding of each of these convolutions, in pixels.
        l2_norm_scale: Initial value of the factors of the :class:`L2Norm` on the first
            map; None has none.
        use_depthwise: Whether the 3x3 convolutions are depth-wise.
        norm_cfg: Config of the norms; ``None`` has none.
        act_cfg: Config of the activations.
        init_cfg: Config of the initialisation.

    Shape:
        x: a tuple of ``(B, C, H, W)``, the largest first.
        returns: a tuple of them and of smaller ones.

    Raises:
        ValueError: if the numbers of channels, strides and paddings do not fit.

    Example:
        >>> neck = SSDNeck((8, ), (8, 4), level_strides=(2, ), level_paddings=(1, ))
        >>> [tuple(out.shape) for out in neck((torch.ones(1, 8, 6, 6), ))]
        [(1, 8, 6, 6), (1, 4, 3, 3)]
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: Sequence[int],
        level_strides: Sequence[int],
        level_paddings: Sequence[int],
        l2_norm_scale: float | None = None,
        use_depthwise: bool = False,
        norm_cfg: dict | None = None,
        act_cfg: dict = RELU,
        init_cfg: dict | list[dict] | None = XAVIER,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = tuple(in_channels)
        self.out_channels = tuple(out_channels)
        given = len(self.in_channels)
        further = self.out_channels[given:]
        if self.out_channels[:given] != self.in_channels:
            raise ValueError(
                f'out_channels={self.out_channels} begins with '
                f'in_channels={self.in_channels}; the maps are passed on as they are'
            )
        if not len(further) == len(level_strides) == len(level_paddings):
            raise ValueError(
                f'{len(further)} maps are added, so level_strides and level_paddings '
                f'have {len(further)} entries; got {len(level_strides)} and '
                f'{len(level_paddings)}'
            )
        self.level_strides = tuple(level_strides)
        self.l2_norm = None
        if l2_norm_scale is not None:
            self.l2_norm = L2Norm(self.in_channels[0], l2_norm_scale)
        spatial = DepthwiseSeparableConvModule if use_depthwise else ConvModule
        common = dict(norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.extra_layers = nn.ModuleList()
        width = self.out_channels[given - 1]
        for wide, stride, padding in zip(
            further, level_strides, level_paddings, strict=True
        ):
            shape = dict(stride=stride, padding=padding)
            self.extra_layers.append(
                nn.Sequential(
                    ConvModule(width, wide // 2, 1, **common),
                    spatial(wide // 2, wide, 3, **shape, **common),
                )
            )
            width = wide

    def output_specs(self, specs: Sequence[FeatureSpec]) -> tuple[FeatureSpec, ...]:
        """The specs of the outputs for those of the inputs."""
        strides = [spec.stride for spec in specs]
        for stride in self.level_strides:
            strides.append(strides[-1] * stride)
        pairs = zip(self.out_channels, strides, strict=True)
        return tuple(FeatureSpec(*pair) for pair in pairs)

    def forward(self, x: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The maps of all sizes."""
        outs = list(x)
        for layer in self.extra_layers:
            outs.append(layer(outs[-1]))
        if self.l2_norm is not None:
            outs[0] = self.l2_norm(outs[0])
        return tuple(outs)
