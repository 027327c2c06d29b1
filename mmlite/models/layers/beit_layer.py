"""The transformer layer of BEiT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from .beit_attention import BEiTAttention
from .build import check_arguments
from .drop import build_dropout
from .ffn import FFN
from .transformer_layer import TransformerEncoderLayer

__all__ = ['BEiTTransformerEncoderLayer']

GELU = dict(type='GELU')
PLAIN_LN = dict(type='LN')


class BEiTTransformerEncoderLayer(TransformerEncoderLayer):
    """A layer whose attention has a bias for the offset of two patches.

    Stochastic depth is applied once to every branch, as in the paper's code;
    mmpretrain applies it twice to the feed-forward network.

    Args:
        embed_dims: Width of the tokens.
        num_heads: Number of attention heads.
        feedforward_channels: Hidden width of the feed-forward network.
        layer_scale_init_value: Start of the factors on both branches; 0 has none.
        window_size: Rows and columns of patches.
        use_rel_pos_bias: Whether the layer has a bias for each offset.
        drop_rate: Dropout after the projections, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Stochastic depth, a fraction.
        num_fcs: Linear layers of the feed-forward network.
        bias: As in :class:`BEiTAttention`.
        act_cfg: Config of the activation.
        norm_cfg: Config of both norms.
        attn_cfg: Further arguments of :class:`BEiTAttention`.
        ffn_cfg: Further arguments of :class:`FFN`.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, L, D)``; returns the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        layer_scale_init_value: float,
        window_size: Sequence[int] | None,
        use_rel_pos_bias: bool,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        bias: bool | Literal['qv_bias'] = 'qv_bias',
        act_cfg: dict = GELU,
        norm_cfg: dict = PLAIN_LN,
        attn_cfg: dict | None = None,
        ffn_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            embed_dims,
            num_heads,
            feedforward_channels,
            norm_cfg=norm_cfg,
            init_cfg=init_cfg,
        )
        attn = dict(
            embed_dims=embed_dims,
            num_heads=num_heads,
            window_size=window_size,
            use_rel_pos_bias=use_rel_pos_bias,
            bias=bias,
            attn_drop_rate=attn_drop_rate,
            proj_drop_rate=drop_rate,
        )
        check_arguments(BEiTAttention, attn_cfg or {}, 'attn_cfg', [*attn])
        self.attn = BEiTAttention(**{**attn, **(attn_cfg or {})})
        ffn = dict(
            embed_dims=embed_dims,
            feedforward_channels=feedforward_channels,
            num_fcs=num_fcs,
            ffn_drop=drop_rate,
            act_cfg=act_cfg,
            add_identity=False,
        )
        check_arguments(FFN, ffn_cfg or {}, 'ffn_cfg', [*ffn])
        self.ffn = FFN(**{**ffn, **(ffn_cfg or {})})
        self.drop_path = build_dropout(dict(type='DropPath', drop_prob=drop_path_rate))
        self.gamma_1 = self.gamma_2 = None
        if layer_scale_init_value > 0:
            start = torch.full((embed_dims,), float(layer_scale_init_value))
            self.gamma_1 = nn.Parameter(start)
            self.gamma_2 = nn.Parameter(start.clone())

    def forward(
        self,
        x: Tensor,
        rel_pos_bias: Tensor | None = None,
        patch_resolution: Sequence[int] | None = None,
    ) -> Tensor:
        """Attention among the tokens, then a network on each."""
        out = self.attn(self.ln1(x), rel_pos_bias, patch_resolution)
        x = x + self._branch(out, self.gamma_1)
        return x + self._branch(self.ffn(self.ln2(x)), self.gamma_2)

    def _branch(self, out: Tensor, gamma: Tensor | None) -> Tensor:
        return self.drop_path(out if gamma is None else gamma * out)
