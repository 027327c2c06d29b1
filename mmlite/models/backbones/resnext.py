"""ResNeXt."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import nn

from ...registry import MODELS
from ..layers import Bottleneck, ResLayer, get_expansion
from .resnet import ResNet

__all__ = ['ResNeXt', 'ResNeXtBottleneck']


class ResNeXtBottleneck(Bottleneck):
    """A bottleneck whose 3x3 convolution works on groups of channels.

    Other arguments are those of ``ResidualBlock``.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        base_channels: Width of the network's first stage before expansion.
        groups: Channel groups of the 3x3 convolution.
        width_per_group: Channels of a group in the first stage.
        expansion: See ``ResidualBlock``.
        kwargs: Further arguments of ``Bottleneck``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        base_channels: int = 64,
        groups: int = 32,
        width_per_group: int = 4,
        expansion: int | None = None,
        **kwargs: Any,
    ) -> None:
        mid_channels = out_channels // get_expansion(type(self), expansion)
        if groups > 1:
            mid_channels = groups * width_per_group * mid_channels // base_channels
        super().__init__(
            in_channels,
            out_channels,
            groups=groups,
            mid_channels=mid_channels,
            expansion=expansion,
            **kwargs,
        )


class GroupedResNet(ResNet):
    """ResNet whose blocks work on groups of channels.

    Args:
        depth: One of ``arch_settings``.
        groups: Channel groups of the 3x3 convolutions.
        width_per_group: Channels of a group in the first stage.
        kwargs: Other arguments of :class:`ResNet`.
    """

    def __init__(
        self, depth: int, groups: int = 32, width_per_group: int = 4, **kwargs: Any
    ) -> None:
        self.groups = groups
        self.width_per_group = width_per_group
        super().__init__(depth, **kwargs)

    def make_res_layer(self, **kwargs: Any) -> nn.Module:
        """Build one stage of grouped blocks."""
        return ResLayer(
            groups=self.groups,
            width_per_group=self.width_per_group,
            base_channels=self.base_channels,
            **kwargs,
        )


@MODELS.register_module()
class ResNeXt(GroupedResNet):
    """ResNet whose blocks work on many groups of few channels.

    Paper: Aggregated Residual Transformations for Deep Neural Networks,
    CVPR 2017, https://arxiv.org/abs/1611.05431

    Args:
        depth: 50, 101 or 152.
        groups: Channel groups of the 3x3 convolutions.
        width_per_group: Channels of a group in the first stage.
        kwargs: Other arguments of :class:`ResNet`.

    Example:
        >>> model = MODELS.build(dict(type='ResNeXt', depth=50, groups=32))
        >>> model.layer1[0].conv2.groups
        32
    """

    arch_settings: ClassVar[dict] = {
        50: (ResNeXtBottleneck, (3, 4, 6, 3)),
        101: (ResNeXtBottleneck, (3, 4, 23, 3)),
        152: (ResNeXtBottleneck, (3, 8, 36, 3)),
    }
