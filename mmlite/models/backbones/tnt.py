"""Transformer in Transformer.

Paper: Transformer in Transformer, NeurIPS 2021, https://arxiv.org/abs/2103.00112
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, ModuleList
from mmengine.model.weight_init import trunc_normal_
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from ...errors import DataError
from ...registry import MODELS
from ...structures import FeatureSpec
from ..layers import FFN, build_dropout, build_norm_layer, split_heads
from .archs import pick_arch, zoo
from .base_backbone import BaseBackbone

__all__ = ['TNT']

LAYER_NORM = dict(type='LN')
GELU = dict(type='GELU')
INIT = [
    dict(type='TruncNormal', layer='Linear', std=0.02),
    dict(type='Constant', layer='LayerNorm', val=1.0, bias=0.0),
]


class TNTAttention(BaseModule):
    """Self-attention with the names of ``torch.nn.MultiheadAttention``, and a shortcut.

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout after the projection, a fraction.
        dropout_layer: Config of the dropout on the branch.
        qkv_bias: Whether queries, keys and values have a bias.

    Shape:
        x, identity: ``(B, L, D)``; returns the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        attn_drop: float,
        proj_drop: float,
        dropout_layer: dict,
        qkv_bias: bool,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.attn_drop = attn_drop
        self.attn = nn.MultiheadAttention(embed_dims, num_heads, batch_first=True)
        if not qkv_bias:
            self.attn.in_proj_bias = None
        self.proj_drop = nn.Dropout(proj_drop)
        self.dropout_layer = build_dropout(dropout_layer)

    def forward(self, x: Tensor, identity: Tensor) -> Tensor:
        """Attend from every token of x to all of them."""
        qkv = F.linear(x, self.attn.in_proj_weight, self.attn.in_proj_bias)
        out = F.scaled_dot_product_attention(
            *split_heads(qkv, self.num_heads),
            dropout_p=self.attn_drop if self.training else 0.0,
        )
        out = self.attn.out_proj(out.transpose(1, 2).flatten(2))
        return identity + self.dropout_layer(self.proj_drop(out))


class TransformerBlock(BaseModule):
    """Attention and a feed-forward network, each after a norm.

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        ffn_ratio: Hidden width of the feed-forward network over ``D``.
        drop_rate: Dropout after the projections, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Rate of stochastic depth, a fraction.
        num_fcs: Linear layers of the feed-forward network.
        qkv_bias: Whether queries, keys and values have a bias.
        act_cfg: Config of the activation.
        norm_cfg: Config of the norms.

    Shape:
        x: ``(B, L, D)``; returns the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        ffn_ratio: int = 4,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        qkv_bias: bool = False,
        act_cfg: dict = GELU,
        norm_cfg: dict = LAYER_NORM,
    ) -> None:
        super().__init__()
        drop_path = dict(type='DropPath', drop_prob=drop_path_rate)
        self.norm_attn = build_norm_layer(norm_cfg, embed_dims)[1]
        self.attn = TNTAttention(
            embed_dims, num_heads, attn_drop_rate, drop_rate, drop_path, qkv_bias
        )
        self.norm_ffn = build_norm_layer(norm_cfg, embed_dims)[1]
        self.ffn = FFN(
            embed_dims,
            embed_dims * ffn_ratio,
            num_fcs=num_fcs,
            ffn_drop=drop_rate,
            dropout_layer=drop_path,
            act_cfg=act_cfg,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Attention among the tokens, then a network on each."""
        x = self.attn(self.norm_attn(x), identity=x)
        return self.ffn(self.norm_ffn(x), identity=x)


class TnTLayer(BaseModule):
    """A block among the pixels of each patch, and one among the patches.

    Args:
        num_pixel: Pixel tokens in a patch.
        embed_dims_inner: Width of a pixel token.
        embed_dims_outer: Width of a patch token.
        num_heads_inner: Attention heads among pixels.
        num_heads_outer: Attention heads among patches.
        block_cfg: Further arguments of both blocks.
        norm_cfg: Config of the norm in between.
    """

    def __init__(
        self,
        num_pixel: int,
        embed_dims_inner: int,
        embed_dims_outer: int,
        num_heads_inner: int,
        num_heads_outer: int,
        block_cfg: dict,
        norm_cfg: dict = LAYER_NORM,
    ) -> None:
        super().__init__()
        self.inner_block = TransformerBlock(
            embed_dims_inner, num_heads_inner, **block_cfg
        )
        self.norm_proj = build_norm_layer(norm_cfg, embed_dims_inner)[1]
        self.projection = nn.Linear(embed_dims_inner * num_pixel, embed_dims_outer)
        self.outer_block = TransformerBlock(
            embed_dims_outer, num_heads_outer, **block_cfg
        )

    def forward(self, pixels: Tensor, patches: Tensor) -> tuple[Tensor, Tensor]:
        """New pixels, and new patches that have seen them."""
        pixels = self.inner_block(pixels)
        seen = self.norm_proj(pixels).view(patches.shape[0], patches.shape[1] - 1, -1)
        seen = F.pad(self.projection(seen), (0, 0, 1, 0))  # the class token sees none
        return pixels, self.outer_block(patches + seen)


class PixelEmbed(BaseModule):
    """Turn an image into the pixel tokens of its patches.

    Args:
        img_size: Size of the image in pixels.
        patch_size: Edge of a patch, in pixels.
        in_channels: Channels of the image.
        embed_dims_inner: Width ``D`` of a pixel token.
        stride: Edge in pixels of what becomes a pixel token.

    Shape:
        x: ``(B, C, H, W)``; returns ``(B * patches, pixels, D)``.

    Raises:
        DataError: if an image has another size.
    """

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        embed_dims_inner: int = 48,
        stride: int = 4,
    ) -> None:
        super().__init__()
        self.img_size = to_2tuple(img_size)
        sides = to_2tuple(patch_size)
        rows, columns = (
            size // side for size, side in zip(self.img_size, sides, strict=True)
        )
        self.num_patches = rows * columns
        self.new_patch_size = [math.ceil(side / stride) for side in sides]
        self.proj = nn.Conv2d(
            in_channels, embed_dims_inner, 7, padding=3, stride=stride
        )
        self.unfold = nn.Unfold(self.new_patch_size, stride=self.new_patch_size)

    def forward(self, x: Tensor, pixel_pos: Tensor) -> Tensor:
        """The pixel tokens of x, with their positions."""
        if tuple(x.shape[2:]) != self.img_size:
            raise DataError(
                f'TNT was built for images of {self.img_size} pixels, got '
                f'{tuple(x.shape[2:])}; resize them, or set model.backbone.img_size'
            )
        x = self.unfold(self.proj(x)).transpose(1, 2)
        x = x.reshape(-1, *pixel_pos.shape[1:]) + pixel_pos
        return x.flatten(2).transpose(1, 2)


@MODELS.register_module()
class TNT(BaseBackbone):
    """A transformer among patches with one among the pixels of each.

    Args:
        arch: ``'small'``, ``'base'``, or a dict with the keys
            ``embed_dims_outer``, ``embed_dims_inner``, ``num_layers``,
            ``num_heads_outer`` and ``num_heads_inner``.
        img_size: Size of the image in pixels, the only one that it takes.
        patch_size: Edge of a patch, in pixels.
        in_channels: Channels of the image.
        ffn_ratio: Hidden width of the feed-forward networks over that of tokens.
        qkv_bias: Whether queries, keys and values have a bias.
        drop_rate: Dropout after the embedding and the projections, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Rate of stochastic depth of the last layer, a fraction; it grows
            linearly from 0 in the first.
        act_cfg: Config of the activations.
        norm_cfg: Config of the norms.
        first_stride: Edge in pixels of what becomes a pixel token.
        num_fcs: Linear layers of the feed-forward networks.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, in_channels, H, W)`` with ``img_size``.
        returns: the class token ``(B, D)``.

    Raises:
        ValueError: if arch is out of range.
        DataError: if an image has another size.

    Example:
        >>> model = MODELS.build(dict(type='TNT', arch='s', img_size=64))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 384])
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        'embed_dims_outer embed_dims_inner num_layers num_heads_outer num_heads_inner',
        small=('s small', (384, 24, 12, 6, 4)),
        base=('b base', (640, 40, 12, 10, 4)),
    )

    def __init__(
        self,
        arch: str | dict = 'b',
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        in_channels: int = 3,
        ffn_ratio: int = 4,
        qkv_bias: bool = False,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        act_cfg: dict = GELU,
        norm_cfg: dict = LAYER_NORM,
        first_stride: int = 4,
        num_fcs: int = 2,
        init_cfg: dict | list[dict] | None = INIT,
    ) -> None:
        super().__init__(init_cfg)
        settings = pick_arch(arch, self.arch_zoo)
        self.arch_settings = dict(settings)
        num_layers = settings.pop('num_layers')
        inner, outer = settings['embed_dims_inner'], settings['embed_dims_outer']
        self.embed_dims = outer
        self.pixel_embed = PixelEmbed(
            img_size, patch_size, in_channels, inner, first_stride
        )
        sides = self.pixel_embed.new_patch_size
        num_patches, num_pixel = self.pixel_embed.num_patches, sides[0] * sides[1]
        self.num_patches = num_patches
        self.norm1_proj = build_norm_layer(norm_cfg, num_pixel * inner)[1]
        self.projection = nn.Linear(num_pixel * inner, outer)
        self.norm2_proj = build_norm_layer(norm_cfg, outer)[1]
        self.cls_token = nn.Parameter(torch.zeros(1, 1, outer))
        self.patch_pos = nn.Parameter(torch.zeros(1, num_patches + 1, outer))
        self.pixel_pos = nn.Parameter(torch.zeros(1, inner, *sides))
        self.drop_after_pos = nn.Dropout(p=drop_rate)
        self.layers = ModuleList()
        for rate in np.linspace(0, drop_path_rate, num_layers).tolist():
            block = dict(
                ffn_ratio=ffn_ratio,
                drop_rate=drop_rate,
                attn_drop_rate=attn_drop_rate,
                drop_path_rate=rate,
                num_fcs=num_fcs,
                qkv_bias=qkv_bias,
                act_cfg=act_cfg,
                norm_cfg=norm_cfg,
            )
            layer = TnTLayer(num_pixel, block_cfg=block, norm_cfg=norm_cfg, **settings)
            self.layers.append(layer)
        self.norm = build_norm_layer(norm_cfg, outer)[1]

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Width of the output."""
        return (FeatureSpec(self.embed_dims),)

    def init_weights(self) -> None:
        """As init_cfg says; a truncated normal for the class token and positions."""
        super().init_weights()
        if not self.is_pretrained:
            for parameter in (self.cls_token, self.patch_pos, self.pixel_pos):
                trunc_normal_(parameter, std=0.02)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The class token."""
        batch = x.shape[0]
        pixels = self.pixel_embed(x, self.pixel_pos)
        # Pixel by pixel, as the layers see them later.
        patches = self.norm1_proj(pixels.reshape(batch, self.num_patches, -1))
        patches = self.norm2_proj(self.projection(patches))
        patches = torch.cat((self.cls_token.expand(batch, -1, -1), patches), dim=1)
        patches = self.drop_after_pos(patches + self.patch_pos)
        pixels = pixels.contiguous()
        for layer in self.layers:
            pixels, patches = layer(pixels, patches)
        return (self.norm(patches)[:, 0],)
