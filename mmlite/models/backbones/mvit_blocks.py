"""The blocks of MViT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from ..layers import (
    DropPath,
    Mlp,
    build_norm_layer,
    decomposed_position_bias,
    split_heads,
)

__all__ = [
    'MultiScaleBlock',
]

LAYER_NORM = dict(type='LN', eps=1e-6)
PLAIN_LN = dict(type='LN')
GELU = dict(type='GELU')
PATCH = dict(kernel_size=7, stride=4, padding=3)


def attention_pool(
    x: Tensor, pool: nn.Module, size: Sequence[int]
) -> tuple[Tensor, tuple[int, int]]:
    """Pool tokens ``(B, heads, L, D)`` of a map of ``size``, head by head."""
    batch, heads, _, dims = x.shape
    image = x.transpose(2, 3).reshape(batch * heads, dims, *size)
    image = pool(image)
    tokens = image.view(batch, heads, dims, -1).transpose(2, 3)
    return tokens, (image.shape[2], image.shape[3])


class MultiScaleAttention(BaseModule):
    """Self-attention whose queries, keys and values are pooled.

    Args:
        in_dims: Width of the input tokens.
        out_dims: Width ``D`` of the output tokens.
        num_heads: Number of attention heads.
        qkv_bias: Whether queries, keys and values have a bias.
        norm_cfg: Config of the norms after the pooling.
        pool_kernel: Rows and columns of the kernel of the pooling, in tokens.
        stride_q: Stride of the pooling of queries.
        stride_kv: Stride of the pooling of keys and values.
        rel_pos_spatial: Whether there are relative positions.
        residual_pooling: Whether the pooled queries are added to the output.
        input_size: Rows and columns of tokens, for which positions are made.
        rel_pos_zero_init: Whether positions start at 0.

    Shape:
        x: ``(B, H * W, in_dims)``.
        returns: ``(B, H' * W', D)``, and ``(H', W')``.

    Raises:
        ValueError: if there are relative positions and input_size is no square.
    """

    def __init__(
        self,
        in_dims: int,
        out_dims: int,
        num_heads: int,
        qkv_bias: bool = True,
        norm_cfg: dict = PLAIN_LN,
        pool_kernel: Sequence[int] = (3, 3),
        stride_q: int = 1,
        stride_kv: int = 1,
        rel_pos_spatial: bool = False,
        residual_pooling: bool = True,
        input_size: Sequence[int] | None = None,
        rel_pos_zero_init: bool = False,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        width = out_dims // num_heads
        self.qkv = nn.Linear(in_dims, out_dims * 3, bias=qkv_bias)
        self.proj = nn.Linear(out_dims, out_dims)
        for name, stride in (('q', stride_q), ('k', stride_kv), ('v', stride_kv)):
            pool = nn.Conv2d(
                width,
                width,
                pool_kernel,
                stride=stride,
                padding=[size // 2 for size in pool_kernel],
                groups=width,
                bias=False,
            )
            self.add_module(f'pool_{name}', pool)
            self.add_module(f'norm_{name}', build_norm_layer(norm_cfg, width)[1])
        self.residual_pooling = residual_pooling
        self.rel_pos_spatial = rel_pos_spatial
        self.rel_pos_zero_init = rel_pos_zero_init
        if rel_pos_spatial:
            if input_size[0] != input_size[1]:
                raise ValueError(
                    f'rel_pos_spatial needs a square image, got {tuple(input_size)} '
                    'tokens; set rel_pos_spatial=False'
                )
            side = max(input_size[0] // stride_q, input_size[0] // stride_kv)
            self.rel_pos_h = nn.Parameter(torch.zeros(2 * side - 1, width))
            self.rel_pos_w = nn.Parameter(torch.zeros(2 * side - 1, width))

    def init_weights(self) -> None:
        """A truncated normal for the positions, if they do not start at 0."""
        super().init_weights()
        if self.rel_pos_spatial and not self.rel_pos_zero_init:
            trunc_normal_(self.rel_pos_h, std=0.02)
            trunc_normal_(self.rel_pos_w, std=0.02)

    def forward(self, x: Tensor, size: Sequence[int]) -> tuple[Tensor, tuple[int, int]]:
        """Attend among the pooled tokens of a map of ``size``."""
        q, k, v = split_heads(self.qkv(x), self.num_heads)
        q, q_size = attention_pool(q, self.pool_q, size)
        k, k_size = attention_pool(k, self.pool_k, size)
        v, _ = attention_pool(v, self.pool_v, size)
        q, k, v = self.norm_q(q), self.norm_k(k), self.norm_v(v)
        bias = None
        if self.rel_pos_spatial:
            positions = (self.rel_pos_h, self.rel_pos_w)
            bias = decomposed_position_bias(q, *positions, q_size, k_size)
            bias = bias.to(q.dtype)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        if self.residual_pooling:
            out = out + q
        return self.proj(out.transpose(1, 2).flatten(2)), q_size


class MultiScaleBlock(BaseModule):
    """Pooling attention and a feed-forward network, each after a norm.

    Args:
        in_dims: Width of the input tokens.
        out_dims: Width of the output tokens.
        num_heads: Number of attention heads.
        mlp_ratio: Hidden width of the feed-forward network over that of the
            attention.
        drop_path: Rate of stochastic depth, a fraction.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activation.
        stride_q: Stride of the pooling of queries, and of the shortcut.
        dim_mul_in_attention: Whether the attention changes the width; otherwise the
            feed-forward network does.
        input_size: Rows and columns of tokens.
        kwargs: Further arguments of :class:`MultiScaleAttention`.
    """

    def __init__(
        self,
        in_dims: int,
        out_dims: int,
        num_heads: int,
        mlp_ratio: float = 4.0,
        drop_path: float = 0.0,
        norm_cfg: dict = PLAIN_LN,
        act_cfg: dict = GELU,
        stride_q: int = 1,
        dim_mul_in_attention: bool = True,
        input_size: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.norm1 = build_norm_layer(norm_cfg, in_dims)[1]
        self.dim_mul_in_attention = dim_mul_in_attention
        dims = out_dims if dim_mul_in_attention else in_dims
        self.attn = MultiScaleAttention(
            in_dims,
            dims,
            num_heads,
            norm_cfg=norm_cfg,
            stride_q=stride_q,
            input_size=input_size,
            **kwargs,
        )
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()
        self.norm2 = build_norm_layer(norm_cfg, dims)[1]
        self.mlp = Mlp(dims, int(dims * mlp_ratio), out_dims, act_cfg)
        self.proj = nn.Linear(in_dims, out_dims) if in_dims != out_dims else None
        self.pool_skip = None
        self.init_out_size = input_size
        if stride_q > 1:
            kernel = stride_q + 1
            self.pool_skip = nn.MaxPool2d(kernel, stride_q, kernel // 2)
            self.init_out_size = [side // stride_q for side in input_size]

    def forward(self, x: Tensor, size: Sequence[int]) -> tuple[Tensor, tuple[int, int]]:
        """Tokens of a map of ``size``, and the rows and columns of them then."""
        normed = self.norm1(x)
        out, out_size = self.attn(normed, size)
        in_attention = self.dim_mul_in_attention
        if self.proj is not None and in_attention:
            x = self.proj(normed)
        if self.pool_skip is not None:
            x = attention_pool(x[:, None], self.pool_skip, size)[0].squeeze(1)
        x = x + self.drop_path(out)
        normed = self.norm2(x)
        if self.proj is not None and not in_attention:
            x = self.proj(normed)
        return x + self.drop_path(self.mlp(normed)), out_size
