"""The decoder of SparK."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from ..layers import build_activation_layer, build_norm_layer

__all__ = ['SparKLightDecoder']

SYNC_BN = dict(type='SyncBN')
RELU6 = dict(type='ReLU6')
INIT = [
    dict(type='Kaiming', layer=['Conv2d', 'ConvTranspose2d']),
    dict(type='TruncNormal', std=0.02, layer=['Linear']),
    dict(type='Constant', val=1, layer=['_BatchNorm', 'LayerNorm', 'SyncBatchNorm']),
]


class ConvBlock2x(BaseModule):
    """Two 3x3 convolutions, each with its norm.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        mid_channels: Channels in between.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        last_act: Whether there is an activation after the second one.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int,
        norm_cfg: dict,
        act_cfg: dict,
        last_act: bool,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, mid_channels, 3, padding=1, bias=False)
        self.norm1 = build_norm_layer(norm_cfg, mid_channels)[1]
        self.activate1 = build_activation_layer(act_cfg)
        self.conv2 = nn.Conv2d(mid_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = build_norm_layer(norm_cfg, out_channels)[1]
        self.activate2 = build_activation_layer(act_cfg) if last_act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        x = self.activate1(self.norm1(self.conv1(x)))
        return self.activate2(self.norm2(self.conv2(x)))


class DecoderConvModule(BaseModule):
    """Make a map larger, then call blocks of convolutions.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        mid_channels: Channels inside a block.
        kernel_size: Edge of the kernel that enlarges the map, in pixels.
        scale_factor: How many times as large the map becomes.
        num_conv_blocks: Number of blocks.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        last_act: Whether a block ends in an activation.

    Raises:
        ValueError: if the kernel cannot lie evenly around what a pixel becomes, or
            there are several blocks that change the width.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int,
        kernel_size: int = 4,
        scale_factor: int = 2,
        num_conv_blocks: int = 1,
        norm_cfg: dict = SYNC_BN,
        act_cfg: dict = RELU6,
        last_act: bool = True,
    ) -> None:
        super().__init__()
        around = kernel_size - scale_factor
        if around < 0 or around % 2:
            raise ValueError(
                f'kernel_size={kernel_size} must be scale_factor={scale_factor}, or '
                'larger by an even number'
            )
        self.upsample = nn.ConvTranspose2d(
            in_channels, in_channels, kernel_size, scale_factor, padding=around // 2
        )
        widths = [in_channels] + [out_channels] * num_conv_blocks
        self.conv_blocks = nn.Sequential(
            *(
                ConvBlock2x(
                    width, out_channels, mid_channels, norm_cfg, act_cfg, last_act
                )
                for width in widths[:-1]
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """The larger map."""
        return self.conv_blocks(self.upsample(x))


@MODELS.register_module()
class SparKLightDecoder(BaseModule):
    """From maps, the smallest first, to the image: a U-Net's way up.

    Paper: Designing BERT for Convolutional Networks: Sparse and Hierarchical Masked
    Modeling, ICLR 2023, https://arxiv.org/abs/2301.03580

    Args:
        feature_dim: Channels of the smallest map; every further map has half as many as
            the one before.
        upsample_ratio: Edge of the image over that of the smallest map, a power of 2.
        mid_channels: Channels inside a block; 0 takes those of its input.
        kernel_size: See :class:`DecoderConvModule`, as the next five.
        scale_factor: How many times larger a step makes the map.
        num_conv_blocks: Blocks of a step.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
        last_act: Whether a block ends in an activation.
        out_channels: Channels of the image.
        init_cfg: Config of the initialisation.

    Shape:
        to_dec: ``(B, feature_dim / 2**i, H * 2**i, W * 2**i)``, or None where nothing
            is added to what comes from below.
        returns: ``(B, out_channels, H * upsample_ratio, W * upsample_ratio)``.

    Raises:
        ValueError: if upsample_ratio is no power of 2, or kernel_size and
            scale_factor do not fit.

    Example:
        >>> import torch
        >>> decoder = SparKLightDecoder(8, upsample_ratio=4, norm_cfg=dict(type='BN'))
        >>> decoder([torch.rand(1, 8, 2, 2), torch.rand(1, 4, 4, 4)]).shape
        torch.Size([1, 3, 8, 8])
    """

    promise: ClassVar[str] = 'PretrainNeck'

    def __init__(
        self,
        feature_dim: int,
        upsample_ratio: int,
        mid_channels: int = 0,
        kernel_size: int = 4,
        scale_factor: int = 2,
        num_conv_blocks: int = 1,
        norm_cfg: dict = SYNC_BN,
        act_cfg: dict = RELU6,
        last_act: bool = False,
        out_channels: int = 3,
        init_cfg: dict | list[dict] | None = INIT,
    ) -> None:
        super().__init__(init_cfg)
        if upsample_ratio < 1 or upsample_ratio & (upsample_ratio - 1):
            raise ValueError(
                f'upsample_ratio must be a power of 2, got {upsample_ratio}'
            )
        self.feature_dim = feature_dim
        steps = upsample_ratio.bit_length() - 1
        widths = [feature_dim // 2**i for i in range(steps + 1)]
        self.decoder = nn.ModuleList(
            DecoderConvModule(
                width,
                half,
                mid_channels or width,
                kernel_size,
                scale_factor,
                num_conv_blocks,
                norm_cfg,
                act_cfg,
                last_act,
            )
            for width, half in zip(widths[:-1], widths[1:], strict=True)
        )
        self.proj = nn.Conv2d(widths[-1], out_channels, kernel_size=1)

    def forward(self, to_dec: Sequence[Tensor | None]) -> Tensor:
        """The predicted image."""
        x: Tensor | float = 0.0
        for i, step in enumerate(self.decoder):
            if i < len(to_dec) and to_dec[i] is not None:
                x = x + to_dec[i]
            x = step(x)
        return self.proj(x)
