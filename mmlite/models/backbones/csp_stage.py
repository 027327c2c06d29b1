"""The stages of cross-stage partial networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from mmengine.model import BaseModule, Sequential
from torch import Tensor, nn

from ..layers import ConvModule, DepthwiseSeparableConvModule, DropPath
from .resnext import ResNeXtBottleneck

__all__ = ['BATCH_NORM', 'LEAKY', 'CSPStage', 'DarknetBottleneck']

BATCH_NORM = dict(type='BN', eps=1e-5)
LEAKY = dict(type='LeakyReLU', inplace=True)
NOTHING: Mapping[str, Any] = MappingProxyType({})


class DarknetBottleneck(BaseModule):
    """A 1x1 and a 3x3 convolution, with a shortcut.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        expansion: out_channels over the width inside.
        add_identity: Whether there is a shortcut, where the width stays.
        use_depthwise: Whether the 3x3 convolution is depth-wise separable.
        conv_cfg: Config of the convolutions; ``None`` is ``Conv2d``.
        drop_path_rate: Rate of stochastic depth, a fraction.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        init_cfg: Config of the initialisation.

    Example:
        >>> DarknetBottleneck(8, 8)(torch.zeros(2, 8, 4, 4)).shape
        torch.Size([2, 8, 4, 4])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        expansion: float = 2,
        add_identity: bool = True,
        use_depthwise: bool = False,
        conv_cfg: dict | None = None,
        drop_path_rate: float = 0.0,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = LEAKY,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        hidden = int(out_channels / expansion)
        conv = DepthwiseSeparableConvModule if use_depthwise else ConvModule
        cfgs = dict(conv_cfg=conv_cfg, norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.conv1 = ConvModule(in_channels, hidden, 1, **cfgs)
        self.conv2 = conv(hidden, out_channels, 3, padding=1, **cfgs)
        self.add_identity = add_identity and in_channels == out_channels
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        out = self.drop_path(self.conv2(self.conv1(x)))
        return out + x if self.add_identity else out


class CSPStage(BaseModule):
    """Blocks on one half of the channels; the other half passes.

    Args:
        block_fn: Class of the blocks.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        has_downsampler: Whether a convolution halves the size first.
        down_growth: Whether that one widens to out_channels.
        expand_ratio: Width of both halves over that of the input.
        bottle_ratio: Width of a block over the width inside.
        num_blocks: How many blocks there are.
        block_dpr: Rate of stochastic depth, a fraction, or one for each block.
        block_args: Further arguments of the blocks.
        conv_cfg: Config of the blocks' convolutions; ``None`` is ``Conv2d``.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        init_cfg: Config of the initialisation.

    Raises:
        ValueError: if the width of both halves is odd.

    Example:
        >>> CSPStage(DarknetBottleneck, 8, 16)(torch.zeros(2, 8, 4, 4)).shape
        torch.Size([2, 16, 2, 2])
    """

    def __init__(
        self,
        block_fn: type[nn.Module],
        in_channels: int,
        out_channels: int,
        has_downsampler: bool = True,
        down_growth: bool = False,
        expand_ratio: float = 0.5,
        bottle_ratio: float = 2,
        num_blocks: int = 1,
        block_dpr: float | Sequence[float] = 0.0,
        block_args: Mapping[str, Any] = NOTHING,
        conv_cfg: dict | None = None,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = LEAKY,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if isinstance(block_dpr, (int, float)):
            block_dpr = [block_dpr] * num_blocks
        down = out_channels if down_growth else in_channels
        width = int(down * expand_ratio)
        if width % 2:
            raise ValueError(f'{width} channels cannot be halved; change expand_ratio')
        half = width // 2
        cfgs = dict(norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.downsample_conv = nn.Identity()
        if has_downsampler:
            self.downsample_conv = ConvModule(
                in_channels,
                down,
                3,
                stride=2,
                padding=1,
                groups=32 if block_fn is ResNeXtBottleneck else 1,
                **cfgs,
            )
        self.expand_conv = ConvModule(
            down,
            width,
            1,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg if block_fn is DarknetBottleneck else None,
        )
        self.blocks = Sequential(
            *(
                block_fn(
                    in_channels=half,
                    out_channels=half,
                    expansion=bottle_ratio,
                    drop_path_rate=rate,
                    conv_cfg=conv_cfg,
                    **cfgs,
                    **block_args,
                )
                for rate in block_dpr
            )
        )
        # Misspelt as in published weights.
        self.atfer_blocks_conv = ConvModule(half, half, 1, **cfgs)
        self.final_conv = ConvModule(width, out_channels, 1, **cfgs)

    def forward(self, x: Tensor) -> Tensor:
        """The stage of x."""
        kept, x = self.expand_conv(self.downsample_conv(x)).chunk(2, dim=1)
        x = self.atfer_blocks_conv(self.blocks(x))
        return self.final_conv(torch.cat((kept, x), dim=1))
