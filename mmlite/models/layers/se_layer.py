"""Squeeze-and-excitation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from .conv_module import ConvModule
from .make_divisible import make_divisible

__all__ = ['SELayer']

SE_ACTS = (dict(type='ReLU'), dict(type='Sigmoid'))


@MODELS.register_module()
class SELayer(BaseModule):
    """Squeeze-and-excitation: weigh the channels by what the whole image shows.

    Paper: Squeeze-and-Excitation Networks, CVPR 2018,
    https://arxiv.org/abs/1709.01507

    Args:
        channels: Channels of the feature map.
        squeeze_channels: Width in between; ``None`` is ``channels // ratio``,
            rounded to a multiple of ``divisor``.
        ratio: See squeeze_channels.
        divisor: See squeeze_channels.
        bias: Of the two convolutions; ``'auto'`` has one.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        act_cfg: Config of the activation after either convolution, or one
            config for each.
        return_weight: Whether to return the weights instead of the weighted map.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, C, H, W)``.
        returns: same as x, or ``(B, C, 1, 1)`` with return_weight.

    Raises:
        ValueError: if act_cfg is neither one dict nor two.

    Example:
        >>> SELayer(32)(torch.ones(1, 32, 4, 4)).shape
        torch.Size([1, 32, 4, 4])
    """

    def __init__(
        self,
        channels: int,
        squeeze_channels: int | None = None,
        ratio: int = 16,
        divisor: int = 8,
        bias: bool | Literal['auto'] = 'auto',
        conv_cfg: dict | None = None,
        act_cfg: dict | Sequence[dict] = SE_ACTS,
        return_weight: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if isinstance(act_cfg, dict):
            act_cfg = (act_cfg, act_cfg)
        if len(act_cfg) != 2:
            raise ValueError(f'act_cfg must be one dict or two, got {len(act_cfg)}')
        if squeeze_channels is None:
            squeeze_channels = make_divisible(channels // ratio, divisor)
        self.return_weight = return_weight
        self.global_avgpool = nn.AdaptiveAvgPool2d(1)
        common = dict(kernel_size=1, bias=bias, conv_cfg=conv_cfg)
        self.conv1 = ConvModule(
            channels, squeeze_channels, act_cfg=act_cfg[0], **common
        )
        self.conv2 = ConvModule(
            squeeze_channels, channels, act_cfg=act_cfg[1], **common
        )

    def forward(self, x: Tensor) -> Tensor:
        """Weigh the channels of x."""
        weight = self.conv2(self.conv1(self.global_avgpool(x)))
        return weight if self.return_weight else x * weight
