"""The attention of BEiT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from .attention import biased_qkv, split_heads
from .relative_position import RelativePositions

__all__ = ['BEiTAttention']


class BEiTAttention(RelativePositions, BaseModule):
    """Self-attention with a bias for each offset of two patches.

    Paper: BEiT, ICLR 2022, https://arxiv.org/abs/2106.08254

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Attention heads.
        window_size: Rows and columns of patches.
        use_rel_pos_bias: Whether there is such a bias.
        bias: Whether queries, keys and values have a bias; ``'qv_bias'`` has
            none for the keys.
        qk_scale: Factor on the products; ``None`` is ``1 / sqrt(D / heads)``.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        proj_drop_rate: Dropout after the projection, a fraction.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, L, D)``, a class token first; returns the same shape.

    Example:
        >>> layer = BEiTAttention(8, 2, window_size=(2, 2), use_rel_pos_bias=True)
        >>> layer(torch.zeros(1, 5, 8)).shape
        torch.Size([1, 5, 8])
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        window_size: Sequence[int] | None,
        use_rel_pos_bias: bool,
        bias: bool | Literal['qv_bias'] = 'qv_bias',
        qk_scale: float | None = None,
        attn_drop_rate: float = 0.0,
        proj_drop_rate: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_heads = num_heads
        self.scale = qk_scale
        self.without_key_bias = bias == 'qv_bias'
        if self.without_key_bias:
            self.q_bias = nn.Parameter(torch.zeros(embed_dims))
            self.v_bias = nn.Parameter(torch.zeros(embed_dims))
        self.use_rel_pos_bias = use_rel_pos_bias
        if use_rel_pos_bias:
            self.init_relative_positions(window_size, num_heads, with_cls_token=True)
        self.qkv = nn.Linear(embed_dims, embed_dims * 3, bias=bias is True)
        self.attn_drop = attn_drop_rate
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.proj_drop = nn.Dropout(proj_drop_rate)

    def init_weights(self) -> None:
        """As init_cfg says; a truncated normal for the table of offsets."""
        super().init_weights()
        if self.use_rel_pos_bias:
            trunc_normal_(self.relative_position_bias_table, std=0.02)

    def forward(
        self,
        x: Tensor,
        rel_pos_bias: Tensor | None = None,
        patch_resolution: Sequence[int] | None = None,
    ) -> Tensor:
        """Attend from every token of x to all of them.

        Args:
            x: The tokens.
            rel_pos_bias: ``(heads, L, L)``, added to the products too.
            patch_resolution: Rows and columns of patches, if they are not those
                of ``window_size``.
        """
        if self.without_key_bias:
            qkv = biased_qkv(x, self.qkv.weight, self.q_bias, self.v_bias)
        else:
            qkv = self.qkv(x)
        q, k, v = split_heads(qkv, self.num_heads)
        bias = rel_pos_bias
        if self.use_rel_pos_bias:
            own = self.position_bias(patch_resolution)
            bias = own if bias is None else own + bias
        if bias is not None:  # a network without a class token has none of its rows
            bias = bias[None, :, -x.shape[1] :, -x.shape[1] :].to(q.dtype)
        out = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=bias,
            dropout_p=self.attn_drop if self.training else 0.0,
            scale=self.scale,
        )
        return self.proj_drop(self.proj(out.transpose(1, 2).flatten(2)))
