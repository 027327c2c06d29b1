"""Conformer.

Paper: Conformer: Local Features Coupling Global Representations for Visual
Recognition, ICCV 2021, https://arxiv.org/abs/2105.03889
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import (
    AdaptivePadding,
    DropPath,
    TransformerEncoderLayer,
    build_activation_layer,
    build_norm_layer,
)
from .archs import pick_arch, zoo
from .base_backbone import BaseBackbone, check_out_indices

__all__ = ['Conformer']

BN = dict(type='BN', eps=1e-6)
LAYER_NORM = dict(type='LN', eps=1e-6)
RELU = dict(type='ReLU', inplace=True)
GELU = dict(type='GELU')
EXPANSION = 4


class ConvBlock(BaseModule):
    """A bottleneck of three convolutions that may take in features of tokens.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Stride of the second convolution, in pixels.
        groups: Channel groups of the second convolution.
        drop_path_rate: Rate of stochastic depth, a fraction.
        with_residual_conv: Whether the shortcut has a convolution.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        groups: int = 1,
        drop_path_rate: float = 0.0,
        with_residual_conv: bool = False,
        norm_cfg: dict = BN,
        act_cfg: dict = RELU,
    ) -> None:
        super().__init__()
        mid = out_channels // EXPANSION
        self.conv1 = nn.Conv2d(in_channels, mid, 1, bias=False)
        self.bn1 = build_norm_layer(norm_cfg, mid)[1]
        self.act1 = build_activation_layer(act_cfg)
        self.conv2 = nn.Conv2d(mid, mid, 3, stride, 1, groups=groups, bias=False)
        self.bn2 = build_norm_layer(norm_cfg, mid)[1]
        self.act2 = build_activation_layer(act_cfg)
        self.conv3 = nn.Conv2d(mid, out_channels, 1, bias=False)
        self.bn3 = build_norm_layer(norm_cfg, out_channels)[1]
        self.act3 = build_activation_layer(act_cfg)
        self.with_residual_conv = with_residual_conv
        if with_residual_conv:
            self.residual_conv = nn.Conv2d(
                in_channels, out_channels, 1, stride, bias=False
            )
            self.residual_bn = build_norm_layer(norm_cfg, out_channels)[1]
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor, fusion: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The block of x, and what the third convolution sees.

        Args:
            x: ``(B, in_channels, H, W)``.
            fusion: Added to what the second convolution sees.
        """
        identity = x
        if self.with_residual_conv:
            identity = self.residual_bn(self.residual_conv(x))
        x = self.act1(self.bn1(self.conv1(x)))
        inner = self.conv2(x if fusion is None else x + fusion)
        inner = self.act2(self.bn2(inner))
        out = self.drop_path(self.bn3(self.conv3(inner)))
        return self.act3(out + identity), inner


class FCUDown(BaseModule):
    """Feature coupling: a map to tokens.

    Args:
        in_channels: Channels of the map.
        out_channels: Width of the tokens.
        down_stride: Edge in pixels of the map that becomes one token.
        with_cls_token: Whether the class token is put first.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        down_stride: int,
        with_cls_token: bool = True,
    ) -> None:
        super().__init__()
        self.with_cls_token = with_cls_token
        self.conv_project = nn.Conv2d(in_channels, out_channels, 1)
        self.sample_pooling = nn.AvgPool2d(down_stride, down_stride)
        self.ln = build_norm_layer(LAYER_NORM, out_channels)[1]
        self.act = build_activation_layer(GELU)

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        """Tokens of the map x, with the class token of ``tokens``."""
        x = self.sample_pooling(self.conv_project(x)).flatten(2).transpose(1, 2)
        x = self.act(self.ln(x))
        return torch.cat((tokens[:, :1], x), dim=1) if self.with_cls_token else x


class FCUUp(BaseModule):
    """Feature coupling: tokens to a map.

    Args:
        in_channels: Width of the tokens.
        out_channels: Channels of the map.
        up_stride: Edge in pixels of the map that one token becomes.
        with_cls_token: Whether there is a class token to leave out.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        up_stride: int,
        with_cls_token: bool = True,
    ) -> None:
        super().__init__()
        self.up_stride = up_stride
        self.num_extra_tokens = int(with_cls_token)
        self.conv_project = nn.Conv2d(in_channels, out_channels, 1)
        self.bn = build_norm_layer(BN, out_channels)[1]
        self.act = build_activation_layer(RELU)

    def forward(self, x: Tensor, size: Sequence[int]) -> Tensor:
        """A map from tokens of a grid of ``size``."""
        x = x[:, self.num_extra_tokens :].transpose(1, 2).unflatten(2, tuple(size))
        x = self.act(self.bn(self.conv_project(x)))
        return F.interpolate(x, size=[side * self.up_stride for side in size])


class ConvTransBlock(BaseModule):
    """Convolutions and a transformer layer that take in features of each other.

    Args:
        in_channels: Channels of the map.
        out_channels: Channels of the new map.
        embed_dims: Width of the tokens.
        conv_stride: Stride of the convolutions, in pixels.
        with_residual_conv: Whether their shortcut has a convolution.
        down_stride: Edge in pixels of the map that becomes one token.
        last_fusion: Whether the new map is half as large.
        with_cls_token: Whether there is a class token.
        drop_path_rate: Rate of stochastic depth, a fraction.
        kwargs: Further arguments of the transformer layer.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        embed_dims: int,
        conv_stride: int = 1,
        with_residual_conv: bool = False,
        down_stride: int = 4,
        last_fusion: bool = False,
        with_cls_token: bool = True,
        drop_path_rate: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.down_stride = down_stride
        mid = out_channels // EXPANSION
        self.cnn_block = ConvBlock(
            in_channels,
            out_channels,
            stride=conv_stride,
            with_residual_conv=with_residual_conv,
        )
        self.fusion_block = ConvBlock(
            out_channels,
            out_channels,
            stride=2 if last_fusion else 1,
            with_residual_conv=last_fusion,
            drop_path_rate=drop_path_rate,
        )
        self.squeeze_block = FCUDown(mid, embed_dims, down_stride, with_cls_token)
        self.expand_block = FCUUp(embed_dims, mid, down_stride, with_cls_token)
        self.trans_block = TransformerEncoderLayer(
            embed_dims, drop_path_rate=drop_path_rate, norm_cfg=LAYER_NORM, **kwargs
        )

    def forward(self, x: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The new map, and the new tokens."""
        x, inner = self.cnn_block(x)
        tokens = self.trans_block(self.squeeze_block(inner, tokens) + tokens)
        size = [side // self.down_stride for side in inner.shape[2:]]
        x, _ = self.fusion_block(x, self.expand_block(tokens, size))
        return x, tokens


@MODELS.register_module()
class Conformer(BaseBackbone):
    """A convolutional network and a transformer side by side.

    Args:
        arch: ``'tiny'``, ``'small'``, ``'base'``, or a dict with the keys
            ``embed_dims``, ``channel_ratio``, ``num_heads`` and ``depths``.
        patch_size: Edge of a patch, a multiple of 16 pixels.
        base_channels: Channels of the first stage, before the factor ``channel_ratio``.
        mlp_ratio: Hidden width of the feed-forward networks over that of the
            tokens.
        qkv_bias: Whether queries, keys and values have a bias.
        with_cls_token: Whether there is a class token.
        drop_path_rate: Rate of stochastic depth of the last block, a fraction; it grows
            linearly from 0 in the first.
        norm_eval: Without effect, as in mmpretrain: norms learn in training.
        frozen_stages: Without effect, as in mmpretrain.
        out_indices: Which blocks are returned, counted from 1; negative ones are
            counted from the end.
        init_cfg: Config of the initialisation; ``None`` is that of the paper.

    Shape:
        x: ``(B, 3, H, W)``.
        returns: for each index a list of two: the mean of the map
            ``(B, C)``, and the class token, or the mean of the tokens, ``(B, D)``.

    Raises:
        ValueError: if an argument is out of range.

    Example:
        >>> model = MODELS.build(dict(type='Conformer', arch='tiny'))
        >>> [feat.shape for feat in model(torch.zeros(2, 3, 64, 64))[0]]
        [torch.Size([2, 256]), torch.Size([2, 384])]
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        'embed_dims channel_ratio num_heads depths',
        tiny=('t tiny', (384, 1, 6, 12)),
        small=('s small', (384, 4, 6, 12)),
        base=('b base', (576, 6, 9, 12)),
    )
    _version = 1

    def __init__(
        self,
        arch: str | dict = 'tiny',
        patch_size: int = 16,
        base_channels: int = 64,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        with_cls_token: bool = True,
        drop_path_rate: float = 0.0,
        norm_eval: bool = True,
        frozen_stages: int = 0,
        out_indices: int | Sequence[int] = -1,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if patch_size % 16:
            raise ValueError(f'patch_size={patch_size} must be a multiple of 16')
        self.arch_settings = pick_arch(arch, self.arch_zoo)
        self.embed_dims = self.arch_settings['embed_dims']
        self.depths = self.arch_settings['depths']
        self.out_indices = check_out_indices(out_indices, self.depths + 1)
        if self.out_indices[0] < 2:
            raise ValueError(
                f'out_indices={out_indices} must be from 2 to {self.depths}, the '
                'blocks that have both a map and tokens'
            )
        self.with_cls_token = with_cls_token
        if with_cls_token:
            self.cls_token = nn.Parameter(torch.zeros(1, 1, self.embed_dims))
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.act1 = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        stride = patch_size // 4
        self.auto_pad = AdaptivePadding(stride, stride)
        width = int(base_channels * self.arch_settings['channel_ratio'])
        self.conv_1 = ConvBlock(64, width, with_residual_conv=True)
        self.trans_patch_conv = nn.Conv2d(64, self.embed_dims, stride, stride)
        layer = dict(
            num_heads=self.arch_settings['num_heads'],
            feedforward_channels=int(self.embed_dims * mlp_ratio),
            qkv_bias=qkv_bias,
        )
        rates = np.linspace(0, drop_path_rate, self.depths).tolist()
        self.trans_1 = TransformerEncoderLayer(
            self.embed_dims, drop_path_rate=rates[0], norm_cfg=LAYER_NORM, **layer
        )
        self._make_blocks(width, stride, layer, rates)
        self.pooling = nn.AdaptiveAvgPool2d(1)
        self.trans_norm = nn.LayerNorm(self.embed_dims)

    def _make_blocks(
        self, width: int, stride: int, layer: dict, rates: list[float]
    ) -> None:
        third = self.depths // 3
        self.widths: dict[int, int] = {}
        before = width
        for i in range(2, 3 * third + 1):
            stage = 0 if i <= third else (i - 1) // third
            first = stage > 0 and (i - 1) % third == 0
            out = width * 2**stage
            block = ConvTransBlock(
                before,
                out,
                self.embed_dims,
                conv_stride=2 if first else 1,
                with_residual_conv=first,
                down_stride=stride // 2**stage,
                last_fusion=i == self.depths,
                with_cls_token=self.with_cls_token,
                drop_path_rate=rates[i - 1],
                **layer,
            )
            self.add_module(f'conv_trans_{i}', block)
            self.widths[i] = before = out

    @property
    def feature_specs(self) -> tuple[tuple[FeatureSpec, FeatureSpec], ...]:
        """Widths of every output: that of the map, and that of the tokens."""
        token = FeatureSpec(self.embed_dims)
        return tuple((FeatureSpec(self.widths[i]), token) for i in self.out_indices)

    def init_weights(self) -> None:
        """As init_cfg says, then as the paper's code does."""
        super().init_weights()
        if self.is_pretrained:
            return
        for module in self.modules():
            if isinstance(module, nn.Linear):
                trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out')
            elif isinstance(module, (nn.LayerNorm, nn.BatchNorm2d)):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
        for module in self.modules():
            if isinstance(module, ConvBlock):  # every block starts as its shortcut
                nn.init.zeros_(module.bn3.weight)
        if self.with_cls_token:
            trunc_normal_(self.cls_token, std=0.02)

    def forward(self, x: Tensor) -> tuple[list[Tensor], ...]:
        """Features of the blocks that out_indices names."""
        stem = self.auto_pad(self.maxpool(self.act1(self.bn1(self.conv1(x)))))
        x, _ = self.conv_1(stem)
        tokens = self.trans_patch_conv(stem).flatten(2).transpose(1, 2)
        if self.with_cls_token:
            cls_token = self.cls_token.expand(x.shape[0], -1, -1)
            tokens = torch.cat((cls_token, tokens), dim=1)
        tokens = self.trans_1(tokens)
        outs = []
        for i in self.widths:
            x, tokens = getattr(self, f'conv_trans_{i}')(x, tokens)
            if i in self.out_indices:
                normed = self.trans_norm(tokens)
                token = normed[:, 0] if self.with_cls_token else normed.mean(dim=1)
                outs.append([self.pooling(x).flatten(1), token])
        return tuple(outs)
