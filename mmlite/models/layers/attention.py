"""Multi-head self-attention."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from .drop import build_dropout
from .layer_scale import LayerScale

__all__ = ['MultiheadAttention', 'biased_qkv', 'split_heads']

NO_DROP = dict(type='Dropout', drop_prob=0.0)


def split_heads(tokens: Tensor, num_heads: int, parts: int = 3) -> tuple[Tensor, ...]:
    """Take queries, keys and values apart that one linear layer gave.

    Args:
        tokens: ``(B, L, parts * D)``.
        num_heads: Attention heads.
        parts: How many there are.

    Returns:
        ``parts`` tensors ``(B, heads, L, D / heads)``.

    Example:
        >>> q, k, v = split_heads(torch.zeros(1, 5, 24), num_heads=2)
        >>> q.shape
        torch.Size([1, 2, 5, 4])
    """
    batch, length, _ = tokens.shape
    tokens = tokens.view(batch, length, parts, num_heads, -1)
    return tokens.permute(2, 0, 3, 1, 4).unbind(0)


def biased_qkv(
    x: Tensor, weight: Tensor, q_bias: Tensor | None, v_bias: Tensor | None
) -> Tensor:
    """Queries, keys and values of x in one, where the keys have no bias."""
    if q_bias is None:
        return F.linear(x, weight)
    bias = torch.cat((q_bias, torch.zeros_like(v_bias), v_bias))
    return F.linear(x, weight, bias)


@MODELS.register_module()
class MultiheadAttention(BaseModule):
    """Self-attention of a sequence of tokens.

    Paper: Attention Is All You Need, NeurIPS 2017,
    https://arxiv.org/abs/1706.03762

    Args:
        embed_dims: Width of the output tokens.
        num_heads: Number of heads; a divisor of embed_dims.
        input_dims: Width of the input tokens; ``None`` is embed_dims.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout after the projection, a fraction.
        dropout_layer: Config of the dropout on the branch.
        qkv_bias: Whether queries, keys and values have a bias.
        qk_scale: Factor on the products; ``None`` is ``1 / sqrt(D / heads)``.
        proj_bias: Whether the projection has a bias.
        v_shortcut: Whether the values are added to the output; only with one
            head, as in T2T-ViT.
        use_layer_scale: Whether there is a :class:`LayerScale` on the branch,
            even if layer_scale_init_value is 0; it then starts with 1e-5.
        layer_scale_init_value: Start of the :class:`LayerScale`; 0 has none.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, L, input_dims)``; returns ``(B, L, D)``.

    Raises:
        ValueError: if embed_dims is not a multiple of num_heads, or v_shortcut
            is asked for with several heads.

    Example:
        >>> MultiheadAttention(8, num_heads=2)(torch.zeros(1, 5, 8)).shape
        torch.Size([1, 5, 8])
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        input_dims: int | None = None,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        dropout_layer: dict | None = NO_DROP,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        proj_bias: bool = True,
        v_shortcut: bool = False,
        use_layer_scale: bool = False,
        layer_scale_init_value: float | Tensor = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if embed_dims % num_heads:
            raise ValueError(
                f'embed_dims={embed_dims} is not a multiple of num_heads={num_heads}'
            )
        if v_shortcut and num_heads > 1:
            raise ValueError(f'v_shortcut needs num_heads=1, got {num_heads}')
        self.embed_dims = embed_dims
        self.num_heads = num_heads
        self.input_dims = embed_dims if input_dims is None else input_dims
        self.head_dims = embed_dims // num_heads
        self.qk_scale = qk_scale
        self.attn_drop = attn_drop
        self.v_shortcut = v_shortcut
        self.qkv = nn.Linear(self.input_dims, embed_dims * 3, bias=qkv_bias)
        self.proj = nn.Linear(embed_dims, embed_dims, bias=proj_bias)
        self.proj_drop = nn.Dropout(proj_drop)
        self.out_drop = build_dropout(dropout_layer)
        self.gamma1 = nn.Identity()
        if isinstance(layer_scale_init_value, Tensor) or layer_scale_init_value > 0:
            self.gamma1 = LayerScale(embed_dims, layer_scale_init_value)
        elif use_layer_scale:
            self.gamma1 = LayerScale(embed_dims)

    def forward(self, x: Tensor) -> Tensor:
        """Attend from every token of x to all of them."""
        batch, length, _ = x.shape
        q, k, v = split_heads(self.qkv(x), self.num_heads)
        x = F.scaled_dot_product_attention(
            q,
            k,
            v,
            dropout_p=self.attn_drop if self.training else 0.0,
            scale=self.qk_scale,
        )
        x = x.transpose(1, 2).reshape(batch, length, self.embed_dims)
        x = self.out_drop(self.gamma1(self.proj_drop(self.proj(x))))
        return x + v.squeeze(1) if self.v_shortcut else x
