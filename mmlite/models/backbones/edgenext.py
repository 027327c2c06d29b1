"""EdgeNeXt.

Paper: EdgeNeXt: Efficiently Amalgamated CNN-Transformer Architecture for Mobile
Vision Applications, ECCV workshops 2022, https://arxiv.org/abs/2206.10589
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import check_at_least, check_choice
from ...registry import MODELS
from ..layers import (
    ChannelMultiheadAttention,
    DropPath,
    PositionEncodingFourier,
    build_activation_layer,
    build_norm_layer,
)
from .archs import pick_arch
from .convnext import ConvNeXtBlock
from .patch_stages import LAYER_NORM, PatchStages

__all__ = ['EdgeNeXt', 'SDTAEncoder']

TOKEN_NORM = dict(type='LN')
GELU = dict(type='GELU')


class SDTAEncoder(BaseModule):
    """Split depth-wise transpose attention: convolutions, then channel attention.

    Args:
        in_channel: Number of channels.
        drop_path_rate: Rate of stochastic depth, a fraction.
        layer_scale_init_value: Initial value of the factors on both branches; 0 has
            none.
        mlp_ratio: Width of the feed-forward network over in_channel.
        use_pos_emb: Whether positions are added before the attention.
        num_heads: Number of attention heads.
        qkv_bias: Whether queries, keys and values have a bias.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout behind the attention, a fraction.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activation.
        scales: Number of parts that the channels are split into, 2 or more; each but
            the last is convolved, together with the result of the one before.
        init_cfg: Config of the initialisation.

    Raises:
        ValueError: if scales is less than 2.

    Example:
        >>> SDTAEncoder(16, scales=2)(torch.zeros(1, 16, 4, 4)).shape
        torch.Size([1, 16, 4, 4])
    """

    def __init__(
        self,
        in_channel: int,
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 1e-6,
        mlp_ratio: int = 4,
        use_pos_emb: bool = True,
        num_heads: int = 8,
        qkv_bias: bool = True,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        norm_cfg: dict = TOKEN_NORM,
        act_cfg: dict = GELU,
        scales: int = 2,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_at_least(2, scales=scales)
        width = self.conv_channels = math.ceil(in_channel / scales)
        self.conv_modules = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1, groups=width)
            for _ in range(scales - 1)
        )
        self.pos_embed = None
        if use_pos_emb:
            self.pos_embed = PositionEncodingFourier(embed_dims=in_channel)
        self.gamma_csa = self.gamma = None
        self.norm_csa = build_norm_layer(norm_cfg, in_channel)[1]
        if layer_scale_init_value > 0:
            start = layer_scale_init_value * torch.ones(in_channel)
            self.gamma_csa = nn.Parameter(start.clone())
            self.gamma = nn.Parameter(start)
        self.csa = ChannelMultiheadAttention(
            in_channel,
            num_heads,
            qkv_bias=qkv_bias,
            attn_drop=attn_drop,
            proj_drop=proj_drop,
        )
        self.norm = build_norm_layer(norm_cfg, in_channel)[1]
        self.pointwise_conv1 = nn.Linear(in_channel, mlp_ratio * in_channel)
        self.act = build_activation_layer(act_cfg)
        self.pointwise_conv2 = nn.Linear(mlp_ratio * in_channel, in_channel)
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """The block of x."""
        height, width = x.shape[2:]
        tokens = self._convolved(x).flatten(2).transpose(1, 2)
        if self.pos_embed is not None:
            place = self.pos_embed((x.shape[0], height, width))
            tokens = tokens + place.flatten(2).transpose(1, 2)
        attended = _scaled(self.csa(self.norm_csa(tokens)), self.gamma_csa)
        tokens = tokens + self.drop_path(attended)
        out = self.act(self.pointwise_conv1(self.norm(tokens)))
        out = _scaled(self.pointwise_conv2(out), self.gamma)
        out = out.transpose(1, 2).unflatten(2, (height, width))
        return x + self.drop_path(out)

    def _convolved(self, x: Tensor) -> Tensor:
        parts = x.split(self.conv_channels, dim=1)
        outs: list[Tensor] = []
        for part, conv in zip(parts, self.conv_modules, strict=False):
            outs.append(conv(outs[-1] + part if outs else part))
        return torch.cat((*outs, parts[len(outs)]), dim=1)


def _scaled(x: Tensor, factor: Tensor | None) -> Tensor:
    return x if factor is None else factor * x


@MODELS.register_module()
class EdgeNeXt(PatchStages):
    """ConvNeXt whose stages end in a block of attention between channels.

    Args:
        arch: ``'xxsmall'``, ``'xsmall'``, ``'small'`` or ``'base'``, or a dict
            with ``channels``, ``depths`` and ``num_heads`` of each stage.
        in_channels: Channels of the image.
        global_blocks: How many blocks at the end of each stage have attention.
        global_block_type: ``'None'`` or ``'SDTA'`` for each stage.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            from 0.
        layer_scale_init_value: Initial value of the factor on the branch of a block of
            convolutions; 0 has none.
        linear_pw_conv: See ``ConvNeXtBlock``.
        mlp_ratio: Hidden width of the feed-forward networks of attention blocks over
            that of the stage.
        conv_kernel_sizes: Edge of the kernel of the depth-wise convolutions of each
            stage, in pixels.
        use_pos_embd_csa: Whether attention blocks of each stage see positions.
        use_pos_embd_global: Whether positions are added behind the first
            stage.
        d2_scales: Number of parts that the attention blocks of each stage split the
            channels into.
        norm_cfg: Config of the norms.
        out_indices: Which stages are returned, counted from 0.
        frozen_stages: How many stages keep their weights.
        gap_before_final_norm: Whether a stage that is returned is averaged
            before its norm, so that it is a vector.
        act_cfg: Config of the activations.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: one ``(B, C)`` per index, or ``(B, C, H / stride, W / stride)``
            without gap_before_final_norm; strides are 4, 8, 16, 32.

    Raises:
        ValueError: if arch, global_block_type, out_indices or frozen_stages is
            out of range.

    Example:
        >>> model = MODELS.build(dict(type='EdgeNeXt', arch='xxsmall'))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 168])
    """

    arch_settings: ClassVar[dict[str, dict[str, list[int]]]] = {
        'xxsmall': dict(
            channels=[24, 48, 88, 168], depths=[2, 2, 6, 2], num_heads=[4] * 4
        ),
        'xsmall': dict(
            channels=[32, 64, 100, 192], depths=[3, 3, 9, 3], num_heads=[4] * 4
        ),
        'small': dict(
            channels=[48, 96, 160, 304], depths=[3, 3, 9, 3], num_heads=[8] * 4
        ),
        'base': dict(
            channels=[80, 160, 288, 584], depths=[3, 3, 9, 3], num_heads=[8] * 4
        ),
    }

    def __init__(
        self,
        arch: str | dict[str, Sequence[int]] = 'xxsmall',
        in_channels: int = 3,
        global_blocks: Sequence[int] = (0, 1, 1, 1),
        global_block_type: Sequence[str] = ('None', 'SDTA', 'SDTA', 'SDTA'),
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 1e-6,
        linear_pw_conv: bool = True,
        mlp_ratio: int = 4,
        conv_kernel_sizes: Sequence[int] = (3, 5, 7, 9),
        use_pos_embd_csa: Sequence[bool] = (False, True, False, False),
        use_pos_embd_global: bool = False,
        d2_scales: Sequence[int] = (2, 2, 3, 4),
        norm_cfg: dict = LAYER_NORM,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        gap_before_final_norm: bool = True,
        act_cfg: dict = GELU,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        arch = pick_arch(arch, self.arch_settings)
        for kind in global_block_type:
            check_choice(('None', 'SDTA'), global_block_type=kind)
        self.num_heads = arch['num_heads']
        self.global_blocks = global_blocks
        self.use_pos_embd_csa = use_pos_embd_csa
        self.use_pos_embd_global = use_pos_embd_global
        self.d2_scales = d2_scales
        self.mlp_ratio = mlp_ratio
        self.conv_kernel_sizes = conv_kernel_sizes
        self.block_args: dict[str, Any] = dict(
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
            linear_pw_conv=linear_pw_conv,
            layer_scale_init_value=layer_scale_init_value,
        )
        super().__init__(
            arch['depths'],
            arch['channels'],
            in_channels=in_channels,
            norm_cfg=norm_cfg,
            drop_path_rate=drop_path_rate,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            gap_before_final_norm=gap_before_final_norm,
            init_cfg=init_cfg,
        )

    def make_first(self) -> None:
        """Add the positions, if there are any."""
        self.pos_embed = None
        if self.use_pos_embd_global:
            self.pos_embed = PositionEncodingFourier(embed_dims=self.channels[0])

    def make_block(self, stage: int, place: int, drop_path_rate: float) -> nn.Module:
        """Build a block of convolutions, or at the end of a stage of attention."""
        if place >= self.depths[stage] - self.global_blocks[stage]:
            return SDTAEncoder(
                self.channels[stage],
                drop_path_rate,
                mlp_ratio=self.mlp_ratio,
                scales=self.d2_scales[stage],
                use_pos_emb=self.use_pos_embd_csa[stage],
                num_heads=self.num_heads[stage],
            )
        size = self.conv_kernel_sizes[stage]
        return ConvNeXtBlock(
            self.channels[stage],
            dw_conv_cfg=dict(kernel_size=size, padding=size // 2),
            drop_path_rate=drop_path_rate,
            **self.block_args,
        )

    def make_out_norm(self, channels: int) -> nn.Module:
        """Build the norm of what a stage gives: of vectors, or of maps."""
        if self.gap_before_final_norm:
            return build_norm_layer(TOKEN_NORM, channels)[1]
        return super().make_out_norm(channels)

    def after_stage(self, stage: int, x: Tensor) -> Tensor:
        """The positions are added behind the first stage."""
        if self.pos_embed is None or stage:
            return x
        return x + self.pos_embed((x.shape[0], *x.shape[2:]))
