"""The layers of Twins."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..layers import (
    FFN,
    build_dropout,
    build_norm_layer,
    pad_to_windows,
    split_heads,
    window_partition,
    window_reverse,
)

__all__ = [
    'GlobalSubsampledAttention',
    'LocallyGroupedSelfAttention',
    'TwinsLayer',
]

LAYER_NORM = dict(type='LN')
GELU = dict(type='GELU')
STAGE_KEYS = 'embed_dims depths num_heads patch_sizes strides mlp_ratios sr_ratios'
STEPS = ([4, 2, 2, 2], [4, 2, 2, 2])


class GlobalSubsampledAttention(BaseModule):
    """Attention of all tokens to fewer ones, which a convolution makes.

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout after the projection, a fraction.
        qkv_bias: Whether queries, keys and values have a bias.
        norm_cfg: Config of the norm after the convolution.
        sr_ratio: Edge of the kernel, and stride, of the convolution, in tokens; 1 has
            none.

    Shape:
        x: ``(B, H * W, D)``; returns the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        qkv_bias: bool = True,
        norm_cfg: dict = LAYER_NORM,
        sr_ratio: int = 1,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.attn_drop = attn_drop
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.proj_drop = nn.Dropout(proj_drop)
        self.q = nn.Linear(embed_dims, embed_dims, bias=qkv_bias)
        self.kv = nn.Linear(embed_dims, embed_dims * 2, bias=qkv_bias)
        self.sr_ratio = sr_ratio
        if sr_ratio > 1:
            self.sr = nn.Conv2d(embed_dims, embed_dims, sr_ratio, sr_ratio)
            self.norm = build_norm_layer(norm_cfg, embed_dims)[1]

    def forward(self, x: Tensor, hw_shape: Sequence[int]) -> Tensor:
        """Attend from the tokens of a map of ``hw_shape`` to fewer ones."""
        (q,) = split_heads(self.q(x), self.num_heads, 1)
        if self.sr_ratio > 1:
            x = self.sr(x.transpose(1, 2).unflatten(2, tuple(hw_shape)))
            x = self.norm(x.flatten(2).transpose(1, 2))
        k, v = split_heads(self.kv(x), self.num_heads, 2)
        dropout = self.attn_drop if self.training else 0.0
        out = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout)
        return self.proj_drop(self.proj(out.transpose(1, 2).flatten(2)))


class LocallyGroupedSelfAttention(BaseModule):
    """Self-attention within windows.

    Where a map is padded both below and to the right, real tokens do not look at
    the padding; where it is padded on one side alone, they do, as in mmpretrain.

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout after the projection, a fraction.
        qkv_bias: Whether queries, keys and values have a bias.
        window_size: Rows and columns of a window.

    Shape:
        x: ``(B, H * W, D)``; returns the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int = 8,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        qkv_bias: bool = False,
        window_size: int = 1,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.attn_drop = attn_drop
        self.qkv = nn.Linear(embed_dims, embed_dims * 3, bias=qkv_bias)
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.proj_drop = nn.Dropout(proj_drop)
        self.window_size = window_size

    def forward(self, x: Tensor, hw_shape: Sequence[int]) -> Tensor:
        """Attend among the tokens of every window."""
        height, width = hw_shape
        padded = pad_to_windows(x.unflatten(1, tuple(hw_shape)), self.window_size)
        size = padded.shape[1:3]
        mask = None
        if size[0] > height and size[1] > width:
            mask = self._mask(size, hw_shape, x).repeat(x.shape[0], 1, 1, 1)
        windows = window_partition(padded, self.window_size)
        out = F.scaled_dot_product_attention(
            *split_heads(self.qkv(windows), self.num_heads),
            attn_mask=mask,
            dropout_p=self.attn_drop if self.training else 0.0,
        )
        out = window_reverse(out.transpose(1, 2).flatten(2), size, self.window_size)
        out = out[:, :height, :width].flatten(1, 2)
        return self.proj_drop(self.proj(out))

    def _mask(self, size: Sequence[int], real: Sequence[int], x: Tensor) -> Tensor:
        """``(windows, 1, L, L)``: what keeps padding and real tokens apart."""
        down = torch.arange(size[0], device=x.device) >= real[0]
        right = torch.arange(size[1], device=x.device) >= real[1]
        padding = (down[:, None] | right[None, :])[None, :, :, None]
        padding = window_partition(padding, self.window_size).squeeze(-1)
        apart = padding[:, None, :] != padding[:, :, None]
        return (apart * -1000.0)[:, None].to(x.dtype)


class TwinsLayer(BaseModule):
    """An attention and a feed-forward network, each after a norm.

    Stochastic depth is applied once to every branch, as in the paper's code;
    mmpretrain applies it twice to most of them.

    Args:
        attn: The attention module.
        embed_dims: Width ``D`` of the tokens.
        feedforward_channels: Hidden width of the feed-forward network.
        drop_rate: Dropout of the feed-forward network, a fraction.
        drop_path_rate: Rate of stochastic depth, a fraction.
        norm_cfg: Config of the norms.

    Shape:
        x: ``(B, H * W, D)``; returns the same shape.
    """

    def __init__(
        self,
        attn: nn.Module,
        embed_dims: int,
        feedforward_channels: int,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: dict = LAYER_NORM,
    ) -> None:
        super().__init__()
        self.norm1 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.attn = attn
        self.norm2 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.ffn = FFN(
            embed_dims,
            feedforward_channels,
            ffn_drop=drop_rate,
            act_cfg=GELU,
            add_identity=False,
        )
        self.drop_path = build_dropout(dict(type='DropPath', drop_prob=drop_path_rate))

    def forward(self, x: Tensor, hw_shape: Sequence[int]) -> Tensor:
        """Attention among the tokens of a map, then a network on each."""
        x = x + self.drop_path(self.attn(self.norm1(x), hw_shape))
        return x + self.drop_path(self.ffn(self.norm2(x)))
