"""ShuffleNetV1.

Paper: ShuffleNet: An Extremely Efficient Convolutional Neural Network for
Mobile Devices, CVPR 2018, https://arxiv.org/abs/1707.01083
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import check_choice
from ...registry import MODELS
from ..layers import (
    ConvModule,
    build_activation_layer,
    channel_shuffle,
    checkpointed,
    make_divisible,
)
from .shufflenet import BATCH_NORM, RELU, BaseShuffleNet

__all__ = ['ShuffleNetV1', 'ShuffleUnit']


class ShuffleUnit(BaseModule):
    """Grouped 1x1 convolutions, with a shuffle of the channels in between.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        groups: Channel groups.
        first_block: Whether the first 1x1 convolution has no groups.
        combine: ``'add'`` for a plain shortcut; ``'concat'`` halves the size,
            and puts the pooled input before the new channels.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        with_cp: Whether to save memory by computing the unit again in the backward
            pass.

    Raises:
        ValueError: if combine is unknown, or does not fit the widths.

    Example:
        >>> ShuffleUnit(24, 240, combine='concat')(torch.zeros(1, 24, 4, 4)).shape
        torch.Size([1, 240, 2, 2])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        groups: int = 3,
        first_block: bool = True,
        combine: Literal['add', 'concat'] = 'add',
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = RELU,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        check_choice(('add', 'concat'), combine=combine)
        if combine == 'add' and in_channels != out_channels:
            raise ValueError(
                f"combine='add' needs equal widths, got {in_channels}, {out_channels}"
            )
        self.groups = groups
        self.combine = combine
        self.with_cp = with_cp
        inner = out_channels // 4
        stride = 1
        if combine == 'concat':
            stride = 2
            out_channels -= in_channels
            self.avgpool = nn.AvgPool2d(kernel_size=3, stride=2, padding=1)
        cfgs = dict(conv_cfg=conv_cfg, norm_cfg=norm_cfg)
        linear = dict(act_cfg=None, **cfgs)
        self.g_conv_1x1_compress = ConvModule(
            in_channels,
            inner,
            1,
            groups=1 if first_block else groups,
            act_cfg=act_cfg,
            **cfgs,
        )
        self.depthwise_conv3x3_bn = ConvModule(
            inner, inner, 3, stride=stride, padding=1, groups=inner, **linear
        )
        self.g_conv_1x1_expand = ConvModule(
            inner, out_channels, 1, groups=groups, **linear
        )
        self.act = build_activation_layer(act_cfg)

    def forward(self, x: Tensor) -> Tensor:
        """The unit of x."""
        return checkpointed(self, self._unit, x) if self.with_cp else self._unit(x)

    def _unit(self, x: Tensor) -> Tensor:
        out = self.depthwise_conv3x3_bn(self.g_conv_1x1_compress(x))
        out = self.g_conv_1x1_expand(channel_shuffle(out, self.groups))
        if self.combine == 'add':
            return self.act(x + out)
        return torch.cat((self.avgpool(x), self.act(out)), dim=1)


@MODELS.register_module()
class ShuffleNetV1(BaseShuffleNet):
    """Three layers of :class:`ShuffleUnit`.

    Args:
        groups: Channel groups of the 1x1 convolutions: 1, 2, 3, 4 or 8.
        widen_factor: Factor on the width of every layer.
        out_indices: Which layers are returned, counted from 0.
        frozen_stages: How many layers keep weights and statistics, beside the
            stem; 0 is the stem alone, -1 nothing.
        kwargs: ``conv_cfg``, ``norm_cfg``, ``act_cfg``, ``norm_eval``,
            ``with_cp`` and ``init_cfg`` of ``BaseShuffleNet``.

    Shape:
        x: ``(B, 3, H, W)``.
        returns: one ``(B, C, H / stride, W / stride)`` per index; strides are
            8, 16, 32.

    Raises:
        ValueError: if groups, out_indices or frozen_stages is out of range.

    Example:
        >>> model = MODELS.build(dict(type='ShuffleNetV1', groups=3))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 960, 2, 2])
    """

    stage_blocks = (4, 8, 4)
    first_widths: ClassVar[dict[int, int]] = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}

    def __init__(
        self,
        groups: int = 3,
        widen_factor: float = 1.0,
        out_indices: int | Sequence[int] = (2,),
        frozen_stages: int = -1,
        **kwargs: Any,
    ) -> None:
        check_choice(self.first_widths, groups=groups)
        self.groups = groups
        self.widen_factor = widen_factor
        stem_channels = int(24 * widen_factor)
        super().__init__(stem_channels, 3, out_indices, frozen_stages, **kwargs)

    def make_layers(self, in_channels: int) -> list[int]:
        """Add three layers, the first of which begins without groups."""
        first = self.first_widths[self.groups]
        widths = [make_divisible(first * 2**i * self.widen_factor, 8) for i in range(3)]
        for i, (width, num_blocks) in enumerate(
            zip(widths, self.stage_blocks, strict=True)
        ):
            units = []
            for j in range(num_blocks):
                unit = ShuffleUnit(
                    in_channels,
                    width,
                    groups=self.groups,
                    first_block=i == j == 0,
                    combine='add' if j else 'concat',
                    with_cp=self.with_cp,
                    **self.cfgs,
                )
                units.append(unit)
                in_channels = width
            self.layers.append(nn.Sequential(*units))
        return widths
