"""ResNet for small images."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor

from ...registry import MODELS
from ..layers import build_conv_layer
from .resnet import ResNet

__all__ = ['ResNet_CIFAR']


@MODELS.register_module()
class ResNet_CIFAR(ResNet):
    """ResNet whose stem keeps the size of the image, for 32x32 pixels.

    The 7x7 convolution of stride 2 is a 3x3 one of stride 1 here, and there is
    no max pooling. Other arguments are those of :class:`ResNet`.

    Args:
        depth: 18, 34, 50, 101 or 152.
        deep_stem: Only ``False`` is possible.
        kwargs: See :class:`ResNet`.

    Attributes:
        suits_up_to: The longest edge of images in px that it is for; on larger ones a
            config that trains it is warned of.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            1, 2, 4, 8.

    Raises:
        ValueError: if deep_stem is true, and as :class:`ResNet`.

    Example:
        >>> model = MODELS.build(dict(type='ResNet_CIFAR', depth=18))
        >>> [tuple(out.shape) for out in model(torch.zeros(1, 3, 32, 32))]
        [(1, 512, 4, 4)]
    """

    suits_up_to: ClassVar[int] = 96

    def __init__(self, depth: int, deep_stem: bool = False, **kwargs: Any) -> None:
        if deep_stem:
            raise ValueError(
                'deep_stem=True is not possible, the stem is one 3x3 convolution; '
                'remove it, or use type=ResNet'
            )
        super().__init__(depth, deep_stem=deep_stem, **kwargs)

    def _make_stem_layer(self, in_channels: int, stem_channels: int) -> None:
        self.conv1 = build_conv_layer(
            self.conv_cfg,
            in_channels,
            stem_channels,
            kernel_size=3,
            stride=1,
            padding=1,
            bias=False,
        )
        self._add_stem_norm(stem_channels)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages that out_indices names."""
        return self._forward_stages(self.relu(self.norm1(self.conv1(x))))
