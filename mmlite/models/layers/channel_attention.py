"""Attention between channels instead of tokens."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from .drop import build_dropout

__all__ = ['ChannelMultiheadAttention']

DROPOUT = dict(type='Dropout', drop_prob=0.0)


@MODELS.register_module()
class ChannelMultiheadAttention(BaseModule):
    """Channels attend to channels, at a cost linear in the number of tokens.

    Paper: XCiT, NeurIPS 2021, https://arxiv.org/abs/2106.09681

    Args:
        embed_dims: Width of the tokens.
        num_heads: Number of heads.
        input_dims: Width of the input; ``None`` is embed_dims.
        attn_drop: Not used, as in mmpretrain.
        proj_drop: Dropout of the output, a fraction.
        dropout_layer: Config of a further dropout.
        qkv_bias: Whether queries, keys and values have a bias.
        proj_bias: Whether the projection has one.
        qk_scale_type: ``'learnable'`` for one factor a head, ``'fixed'`` for
            ``head_dims ** -0.5``, ``'none'`` for qk_scale.
        qk_scale: See qk_scale_type.
        v_shortcut: Whether the values are added to the output; for one head.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, L, input_dims)``; returns ``(B, L, D)``.

    Raises:
        ValueError: if qk_scale_type is unknown, or needs qk_scale.

    Example:
        >>> ChannelMultiheadAttention(16, num_heads=4)(torch.zeros(2, 5, 16)).shape
        torch.Size([2, 5, 16])
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int = 8,
        input_dims: int | None = None,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        dropout_layer: dict | None = DROPOUT,
        qkv_bias: bool = False,
        proj_bias: bool = True,
        qk_scale_type: Literal['learnable', 'fixed', 'none'] = 'learnable',
        qk_scale: float | None = None,
        v_shortcut: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        self.num_heads = num_heads
        self.v_shortcut = v_shortcut
        if qk_scale_type == 'learnable':
            self.scale = nn.Parameter(torch.ones(num_heads, 1, 1))
        elif qk_scale_type == 'fixed':
            self.scale = (embed_dims // num_heads) ** -0.5
        elif qk_scale_type == 'none' and qk_scale is not None:
            self.scale = qk_scale
        else:
            raise ValueError(
                f"qk_scale_type={qk_scale_type!r} is 'learnable', 'fixed', or 'none' "
                'with a number as qk_scale'
            )
        self.attn_drop = attn_drop
        self.qkv = nn.Linear(input_dims or embed_dims, embed_dims * 3, bias=qkv_bias)
        self.proj = nn.Linear(embed_dims, embed_dims, bias=proj_bias)
        self.proj_drop = nn.Dropout(proj_drop)
        self.out_drop = build_dropout(dropout_layer)

    def forward(self, x: Tensor) -> Tensor:
        """Attention of x."""
        qkv = self.qkv(x).unflatten(-1, (3, self.num_heads, -1))
        query, key, value = qkv.permute(2, 0, 3, 4, 1)  # (B, heads, D / heads, L)
        query, key = F.normalize(query, dim=-1), F.normalize(key, dim=-1)
        weight = (query @ key.transpose(-2, -1) * self.scale).softmax(dim=-1)
        out = (weight @ value).flatten(1, 2).transpose(1, 2)
        out = self.out_drop(self.proj_drop(self.proj(out)))
        return qkv[:, :, 2].flatten(2) + out if self.v_shortcut else out
