"""The layer of transformer encoders."""

from __future__ import annotations

from typing import Literal

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import wrong_choice
from ...registry import MODELS
from .attention import MultiheadAttention
from .ffn import FFN, SwiGLUFFNFused
from .norm import build_norm_layer

__all__ = ['TransformerEncoderLayer']

GELU = dict(type='GELU')
LAYER_NORM = dict(type='LN')


@MODELS.register_module()
class TransformerEncoderLayer(BaseModule):
    """Attention and a feed-forward network, each after a norm, each with a shortcut.

    Paper: An Image is Worth 16x16 Words, ICLR 2021,
    https://arxiv.org/abs/2010.11929

    Args:
        embed_dims: Width of the tokens.
        num_heads: Number of attention heads.
        feedforward_channels: Hidden width of the feed-forward network.
        layer_scale_init_value: Start of a ``LayerScale`` on both branches; 0
            has none.
        drop_rate: Dropout after the projections, a fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        drop_path_rate: Stochastic depth, a fraction.
        num_fcs: Linear layers of the feed-forward network.
        qkv_bias: Whether queries, keys and values have a bias.
        ffn_type: ``'origin'`` is ``FFN``, ``'swiglu_fused'`` is
            ``SwiGLUFFNFused``.
        act_cfg: Config of the activation of ``FFN``.
        norm_cfg: Config of both norms.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, L, D)``; returns the same shape.

    Raises:
        ValueError: if ffn_type is unknown.

    Example:
        >>> layer = TransformerEncoderLayer(8, num_heads=2, feedforward_channels=16)
        >>> layer(torch.zeros(1, 5, 8)).shape
        torch.Size([1, 5, 8])
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        layer_scale_init_value: float | Tensor = 0.0,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        qkv_bias: bool = True,
        ffn_type: Literal['origin', 'swiglu_fused'] = 'origin',
        act_cfg: dict = GELU,
        norm_cfg: dict = LAYER_NORM,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        drop_path = dict(type='DropPath', drop_prob=drop_path_rate)
        self.ln1 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.attn = MultiheadAttention(
            embed_dims,
            num_heads,
            attn_drop=attn_drop_rate,
            proj_drop=drop_rate,
            dropout_layer=drop_path,
            qkv_bias=qkv_bias,
            layer_scale_init_value=layer_scale_init_value,
        )
        self.ln2 = build_norm_layer(norm_cfg, embed_dims)[1]
        common = dict(
            embed_dims=embed_dims,
            feedforward_channels=feedforward_channels,
            dropout_layer=drop_path,
            layer_scale_init_value=layer_scale_init_value,
        )
        if ffn_type == 'origin':
            self.ffn = FFN(
                num_fcs=num_fcs, ffn_drop=drop_rate, act_cfg=act_cfg, **common
            )
        elif ffn_type == 'swiglu_fused':
            self.ffn = SwiGLUFFNFused(**common)
        else:
            kinds = ('origin', 'swiglu_fused')
            raise ValueError(wrong_choice('ffn_type', ffn_type, kinds))

    @property
    def norm1(self) -> nn.Module:
        """The norm before the attention."""
        return self.ln1

    @property
    def norm2(self) -> nn.Module:
        """The norm before the feed-forward network."""
        return self.ln2

    def init_weights(self) -> None:
        """As init_cfg says; Xavier for the feed-forward network."""
        super().init_weights()
        for module in self.ffn.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.normal_(module.bias, std=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Attention among the tokens, then a network on each."""
        x = x + self.attn(self.ln1(x))
        return self.ffn(self.ln2(x), identity=x)
