"""The decoder of SimMIM."""

from __future__ import annotations

from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS

__all__ = ['SimMIMLinearDecoder']


@MODELS.register_module()
class SimMIMLinearDecoder(BaseModule):
    """From a map to the pixels of the image with one layer.

    Paper: SimMIM: A Simple Framework for Masked Image Modeling, CVPR 2022,
    https://arxiv.org/abs/2111.09886

    Args:
        in_channels: Channels of the map.
        encoder_stride: Edge in pixels of what a place of the map stands for.
        out_channels: Channels of the image.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: ``(B, out_channels, H * encoder_stride, W * encoder_stride)``.

    Example:
        >>> import torch
        >>> SimMIMLinearDecoder(8, encoder_stride=4)(torch.zeros(1, 8, 2, 2)).shape
        torch.Size([1, 3, 8, 8])
    """

    promise: ClassVar[str] = 'PretrainNeck'

    def __init__(
        self, in_channels: int, encoder_stride: int, out_channels: int = 3
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.decoder = nn.Sequential(
            nn.Conv2d(in_channels, encoder_stride**2 * out_channels, 1),
            nn.PixelShuffle(encoder_stride),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The predicted image."""
        return self.decoder(x)
