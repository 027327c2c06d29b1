"""The vision transformer of EVA-02."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from ..layers import (
    RotaryEmbeddingFast,
    SwiGLUFFN,
    build_dropout,
    build_norm_layer,
    split_heads,
)
from .archs import with_defaults, zoo
from .vision_transformer import ARCH_KEYS, VisionTransformer

__all__ = ['ViTEVA02']

LAYER_NORM = dict(type='LN')


class AttentionWithRoPE(BaseModule):
    """Self-attention whose queries and keys of patches are turned by their place.

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout after the projection, a fraction.
        qkv_bias: Whether queries, keys and values have a bias.
        qk_scale: Factor on the products; ``None`` is ``1 / sqrt(D / heads)``.
        proj_bias: Whether the projection has a bias.
        rope: The module that rotates queries and keys; ``None`` leaves them as they
            are.
        with_cls_token: Whether a class token comes first, which has no place.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, L, D)``; returns the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        proj_bias: bool = True,
        rope: nn.Module | None = None,
        with_cls_token: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_heads = num_heads
        self.scale = qk_scale
        self.qkv = nn.Linear(embed_dims, embed_dims * 3, bias=qkv_bias)
        self.attn_drop = attn_drop
        self.proj = nn.Linear(embed_dims, embed_dims, bias=proj_bias)
        self.proj_drop = nn.Dropout(proj_drop)
        self.with_cls_token = with_cls_token
        self.rope = rope

    def _turn(self, x: Tensor, patch_resolution: Sequence[int]) -> Tensor:
        if self.rope is None:
            return x
        if not self.with_cls_token:
            return self.rope(x, patch_resolution)
        patches = self.rope(x[:, :, 1:], patch_resolution)
        return torch.cat((x[:, :, :1], patches), dim=2)

    def forward(self, x: Tensor, patch_resolution: Sequence[int]) -> Tensor:
        """Attend from every token of x to all of them."""
        q, k, v = split_heads(self.qkv(x), self.num_heads)
        out = F.scaled_dot_product_attention(
            self._turn(q, patch_resolution),
            self._turn(k, patch_resolution),
            v,
            dropout_p=self.attn_drop if self.training else 0.0,
            scale=self.scale,
        )
        return self.proj_drop(self.proj(out.transpose(1, 2).flatten(2)))


class EVA02EndcoderLayer(BaseModule):
    """Attention with rotary positions, and a gated feed-forward network.

    Args:
        embed_dims: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        feedforward_channels: Hidden width of the feed-forward network.
        sub_ln: Whether the hidden units are normalised.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout after the projection, a fraction.
        qkv_bias: Whether queries, keys and values have a bias.
        qk_scale: Factor on the products; ``None`` is ``1 / sqrt(D / heads)``.
        proj_bias: Whether the projection has a bias.
        rope: The rotary embedding.
        with_cls_token: Whether a class token comes first.
        drop_rate: Dropout after the feed-forward network, a fraction.
        drop_path_rate: Rate of stochastic depth, a fraction.
        norm_cfg: Config of the norms.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, L, D)``; returns the same shape.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        sub_ln: bool = False,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        qkv_bias: bool = False,
        qk_scale: float | None = None,
        proj_bias: bool = True,
        rope: nn.Module | None = None,
        with_cls_token: bool = True,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: dict = LAYER_NORM,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.norm1 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.attn = AttentionWithRoPE(
            embed_dims,
            num_heads,
            attn_drop,
            proj_drop,
            qkv_bias,
            qk_scale,
            proj_bias,
            rope,
            with_cls_token,
        )
        self.drop_path = build_dropout(dict(type='DropPath', drop_prob=drop_path_rate))
        self.norm2 = build_norm_layer(norm_cfg, embed_dims)[1]
        dropout = dict(type='Dropout', drop_prob=drop_rate) if drop_rate > 0 else None
        self.mlp = SwiGLUFFN(
            embed_dims,
            feedforward_channels,
            dropout_layer=dropout,
            norm_cfg=norm_cfg if sub_ln else None,
            add_identity=False,
        )

    def forward(self, x: Tensor, patch_resolution: Sequence[int]) -> Tensor:
        """Attention among the tokens, then a network on each."""
        x = x + self.drop_path(self.attn(self.norm1(x), patch_resolution))
        return x + self.drop_path(self.mlp(self.norm2(x)))


@MODELS.register_module()
class ViTEVA02(VisionTransformer):
    """A vision transformer with rotary positions and gated feed-forward networks.

    Paper: EVA-02: A Visual Representation for Neon Genesis,
    https://arxiv.org/abs/2303.11331

    Args:
        arch: ``'tiny'``, ``'small'``, ``'base'``, ``'large'``, or a dict as in
            :class:`VisionTransformer`.
        sub_ln: Whether the hidden units are normalised.
        drop_rate: Dropout after the embedding and the feed-forward networks, a
            fraction.
        attn_drop_rate: Dropout on the attention weights, a fraction.
        proj_drop_rate: Dropout after the attentions, a fraction.
        norm_cfg: Config of the norms.
        with_cls_token: Whether there is a class token.
        layer_cfgs: Further arguments of a layer, or a list with one dict each.
        kwargs: Arguments of :class:`VisionTransformer`.

    Shape:
        As in :class:`VisionTransformer`.

    Example:
        >>> model = MODELS.build(dict(type='ViTEVA02', arch='tiny', img_size=64))
        >>> model(torch.zeros(1, 3, 64, 64))[0].shape
        torch.Size([1, 192])
    """

    arch_zoo: ClassVar[dict[str, dict]] = zoo(
        ARCH_KEYS,
        tiny=('t ti tiny', (192, 12, 3, 512)),
        small=('s small', (384, 12, 6, 1024)),
        base=('b base', (768, 12, 12, 2048)),
        large=('l large', (1024, 24, 16, 2730)),
    )
    layer_type: ClassVar[type[nn.Module]] = EVA02EndcoderLayer

    def __init__(
        self,
        arch: str | dict = 'tiny',
        sub_ln: bool = False,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        proj_drop_rate: float = 0.0,
        norm_cfg: dict = LAYER_NORM,
        with_cls_token: bool = True,
        layer_cfgs: dict | Sequence[dict] | None = None,
        **kwargs: Any,
    ) -> None:
        layer_cfgs = with_defaults(
            layer_cfgs,
            sub_ln=sub_ln,
            attn_drop=attn_drop_rate,
            proj_drop=proj_drop_rate,
            with_cls_token=with_cls_token,
        )
        super().__init__(
            arch,
            drop_rate=drop_rate,
            norm_cfg=norm_cfg,
            with_cls_token=with_cls_token,
            layer_cfgs=layer_cfgs,
            **kwargs,
        )
        self.rope = self.layers[0].attn.rope

    def _make_layers(self, common: dict[str, Any], *args: Any) -> nn.ModuleList:
        common.pop('layer_scale_init_value')
        width = self.embed_dims // common['num_heads']
        common['rope'] = RotaryEmbeddingFast(width, self.patch_resolution)
        return super()._make_layers(common, *args)

    def layer_context(self, patch_resolution: tuple[int, int]) -> dict[str, Any]:
        """The grid of patches."""
        return dict(patch_resolution=patch_resolution)
