"""Attention of some tokens to others."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...ops import gather_tokens
from .attention import MultiheadAttention
from .drop import build_dropout
from .ffn import FFN
from .norm import build_norm_layer
from .transformer_layer import TransformerEncoderLayer

__all__ = [
    'CAETransformerRegressorLayer',
    'CrossMultiheadAttention',
    'PromptMultiheadAttention',
    'PromptTransformerEncoderLayer',
]

LAYER_NORM = dict(type='LN', eps=1e-6)
PLAIN_LN = dict(type='LN')
GELU = dict(type='GELU')


class CrossMultiheadAttention(BaseModule):
    """Attention of queries to keys.

    Args:
        embed_dims: Width of the tokens.
        num_heads: Attention heads.
        qkv_bias: Whether queries and values have a bias; the keys have none.
        qk_scale: Factor on the products; ``None`` is ``1 / sqrt(D / heads)``.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout after the projection, a fraction.

    Shape:
        x: ``(B, N, D)``; k, v: ``(B, L, D)``; returns ``(B, N, D)``.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int = 8,
        qkv_bias: bool = False,
        qk_scale: float | None = None,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qk_scale = qk_scale
        self.attn_drop = attn_drop
        self.q = nn.Linear(embed_dims, embed_dims, bias=False)
        self.k = nn.Linear(embed_dims, embed_dims, bias=False)
        self.v = nn.Linear(embed_dims, embed_dims, bias=False)
        self.q_bias = self.v_bias = None
        if qkv_bias:
            self.q_bias = nn.Parameter(torch.zeros(embed_dims))
            self.v_bias = nn.Parameter(torch.zeros(embed_dims))
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, x: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """The attention of the queries ``x``."""
        q = self._heads(F.linear(x, self.q.weight, self.q_bias))
        k, v = (
            self._heads(self.k(k)),
            self._heads(F.linear(v, self.v.weight, self.v_bias)),
        )
        drop = self.attn_drop if self.training else 0.0
        out = F.scaled_dot_product_attention(
            q, k, v, dropout_p=drop, scale=self.qk_scale
        )
        return self.proj_drop(self.proj(out.transpose(1, 2).flatten(2)))

    def _heads(self, tokens: Tensor) -> Tensor:
        return tokens.unflatten(2, (self.num_heads, -1)).transpose(1, 2)


class CAETransformerRegressorLayer(BaseModule):
    """A layer in which hidden tokens look at those that are seen, and at each other.

    Args:
        embed_dims: Width of the tokens.
        num_heads: Attention heads.
        feedforward_channels: Hidden width of the feed-forward network.
        qkv_bias: Whether queries and values have a bias.
        qk_scale: Factor on the products; ``None`` is ``1 / sqrt(D / heads)``.
        drop_rate: Dropout after the projections, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Stochastic depth, a fraction.
        layer_scale_init_value: Start of the factors on both branches; with 0 they
            are 1 and fixed.
        norm_cfg: Config of the norms.

    Shape:
        x_q, pos_q: ``(B, N, D)``; x_kv, pos_k: ``(B, L, D)``; returns ``(B, N, D)``.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        qkv_bias: bool = False,
        qk_scale: float | None = None,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 0.0,
        norm_cfg: dict = LAYER_NORM,
    ) -> None:
        super().__init__()
        self.norm1_q_cross = build_norm_layer(norm_cfg, embed_dims)[1]
        self.norm1_k_cross = build_norm_layer(norm_cfg, embed_dims)[1]
        self.norm1_v_cross = build_norm_layer(norm_cfg, embed_dims)[1]
        self.norm2_cross = build_norm_layer(norm_cfg, embed_dims)[1]
        self.cross_attn = CrossMultiheadAttention(
            embed_dims, num_heads, qkv_bias, qk_scale, attn_drop_rate, drop_rate
        )
        self.ffn = FFN(
            embed_dims,
            feedforward_channels,
            act_cfg=GELU,
            ffn_drop=drop_rate,
            add_identity=False,
        )
        self.drop_path = build_dropout(dict(type='DropPath', drop_prob=drop_path_rate))
        learned = layer_scale_init_value > 0
        start = layer_scale_init_value if learned else 1.0
        self.gamma_1_cross = nn.Parameter(torch.full((embed_dims,), start), learned)
        self.gamma_2_cross = nn.Parameter(torch.full((embed_dims,), start), learned)

    def forward(
        self, x_q: Tensor, x_kv: Tensor, pos_q: Tensor, pos_k: Tensor
    ) -> Tensor:
        """Attention of the hidden tokens, then a network on each."""
        found = self.cross_attn(
            self.norm1_q_cross(x_q + pos_q),
            k=self.norm1_k_cross(x_kv + pos_k),
            v=self.norm1_v_cross(x_kv),
        )
        # The second shortcut begins after its norm, as in the paper's code.
        x = self.norm2_cross(x_q + self.drop_path(self.gamma_1_cross * found))
        return x + self.drop_path(self.gamma_2_cross * self.ffn(x))


class PromptMultiheadAttention(MultiheadAttention):
    """Attention of hidden tokens to all of them, of which the seen ones are given.

    Args:
        embed_dims: Width of the tokens.
        num_heads: Attention heads.
        qkv_bias: Whether queries, keys and values have a bias.
        kwargs: Arguments of :class:`MultiheadAttention`.

    Shape:
        x: ``(B, N, D)``; visible_tokens: ``(B, 1 + kept, D)``, the class token first.
        ids_restore: ``(B, kept + N)``: where each patch stands among the seen and
            then the hidden.
        returns: ``(B, N, D)``.
    """

    def __init__(
        self, embed_dims: int, num_heads: int, qkv_bias: bool = True, **kwargs: object
    ) -> None:
        super().__init__(embed_dims, num_heads, qkv_bias=qkv_bias, **kwargs)
        del self.qkv
        self.q = nn.Linear(embed_dims, embed_dims, bias=qkv_bias)
        self.kv = nn.Linear(embed_dims, embed_dims * 2, bias=qkv_bias)

    def forward(self, x: Tensor, visible_tokens: Tensor, ids_restore: Tensor) -> Tensor:
        """The attention of the hidden tokens."""
        patches = torch.cat((visible_tokens[:, 1:], x), dim=1)
        patches = gather_tokens(patches, ids_restore)
        everything = torch.cat((visible_tokens[:, :1], patches), dim=1)
        q = self.q(x).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
        kv = self.kv(everything).unflatten(2, (2, self.num_heads, -1))
        k, v = kv.permute(2, 0, 3, 1, 4).unbind(0)
        drop = self.attn_drop if self.training else 0.0
        out = F.scaled_dot_product_attention(
            q, k, v, dropout_p=drop, scale=self.qk_scale
        )
        out = self.proj(out.transpose(1, 2).flatten(2))
        return self.out_drop(self.gamma1(self.proj_drop(out)))


class PromptTransformerEncoderLayer(TransformerEncoderLayer):
    """A layer that changes the hidden tokens only, as MILAN's decoder has it.

    Args:
        embed_dims: Width of the tokens.
        num_heads: Attention heads.
        feedforward_channels: Hidden width of the feed-forward network.
        drop_rate: Dropout after the projections, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Stochastic depth, a fraction.
        norm_cfg: Config of both norms.
        qkv_bias: Whether queries, keys and values have a bias.

    Shape:
        As in :class:`PromptMultiheadAttention`.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: dict = PLAIN_LN,
        qkv_bias: bool = True,
    ) -> None:
        super().__init__(
            embed_dims,
            num_heads,
            feedforward_channels,
            drop_rate=drop_rate,
            attn_drop_rate=attn_drop_rate,
            drop_path_rate=drop_path_rate,
            norm_cfg=norm_cfg,
            qkv_bias=qkv_bias,
        )
        self.attn = PromptMultiheadAttention(
            embed_dims,
            num_heads,
            qkv_bias,
            attn_drop=attn_drop_rate,
            proj_drop=drop_rate,
            dropout_layer=dict(type='DropPath', drop_prob=drop_path_rate),
        )

    def forward(self, x: Tensor, visible_tokens: Tensor, ids_restore: Tensor) -> Tensor:
        """Attention of the hidden tokens, then a network on each."""
        x = x + self.attn(self.ln1(x), visible_tokens, ids_restore)
        return self.ffn(self.ln2(x), identity=x)
