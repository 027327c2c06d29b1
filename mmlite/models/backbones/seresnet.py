"""SE-ResNet."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from ...registry import MODELS
from ..layers import Bottleneck, ResLayer, SELayer
from .resnet import ResNet

__all__ = ['SEBottleneck', 'SEResNet']


class SEBottleneck(Bottleneck):
    """A bottleneck whose output channels are weighed by what the image shows.

    Other arguments are those of ``Bottleneck``.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        se_ratio: Channels over the inner width of the ``SELayer``.
        kwargs: Further arguments of ``Bottleneck``.
    """

    def __init__(
        self, in_channels: int, out_channels: int, se_ratio: int = 16, **kwargs: Any
    ) -> None:
        super().__init__(in_channels, out_channels, **kwargs)
        self.se_layer = SELayer(out_channels, ratio=se_ratio)

    def branch(self, x: Tensor) -> Tensor:
        """The bottleneck's convolutions, weighed."""
        return self.se_layer(super().branch(x))


@MODELS.register_module()
class SEResNet(ResNet):
    """ResNet with squeeze-and-excitation in every block.

    Paper: Squeeze-and-Excitation Networks, CVPR 2018,
    https://arxiv.org/abs/1709.01507

    Args:
        depth: 50, 101 or 152.
        se_ratio: Channels over the inner width of the ``SELayer``.
        kwargs: Other arguments of :class:`ResNet`.

    Example:
        >>> model = MODELS.build(dict(type='SEResNet', depth=50))
        >>> model.layer1[0].se_layer.conv1.out_channels
        16
    """

    arch_settings: ClassVar[dict] = {
        50: (SEBottleneck, (3, 4, 6, 3)),
        101: (SEBottleneck, (3, 4, 23, 3)),
        152: (SEBottleneck, (3, 8, 36, 3)),
    }

    def __init__(self, depth: int, se_ratio: int = 16, **kwargs: Any) -> None:
        self.se_ratio = se_ratio
        super().__init__(depth, **kwargs)

    def make_res_layer(self, **kwargs: Any) -> nn.Module:
        """Build one stage of blocks with squeeze-and-excitation."""
        return ResLayer(se_ratio=self.se_ratio, **kwargs)
