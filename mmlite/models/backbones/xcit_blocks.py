"""The blocks of XCiT."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, Sequential
from torch import Tensor, nn

from ...errors import check_choice
from ..layers import (
    FFN,
    ConvModule,
    DropPath,
    build_norm_layer,
    fourier_positions,
    split_heads,
)

__all__ = [
    'ClassAttentionBlock',
    'ConvPatchEmbed',
    'PositionalEncodingFourier',
    'XCABlock',
]

BN = dict(type='BN')
LAYER_NORM = dict(type='LN', eps=1e-6)
GELU = dict(type='GELU')
LINEAR_INIT = dict(type='TruncNormal', layer='Linear')


class ClassAttention(BaseModule):
    """Attention of the class token alone to all tokens.

    Args:
        dim: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        qkv_bias: Whether queries, keys and values have a bias.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout after the projection, a fraction.

    Shape:
        x: ``(B, L, D)``, the class token first; returns ``(B, 1, D)``.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int = 8,
        qkv_bias: bool = False,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.q = nn.Linear(dim, dim, bias=qkv_bias)
        self.k = nn.Linear(dim, dim, bias=qkv_bias)
        self.v = nn.Linear(dim, dim, bias=qkv_bias)
        self.attn_drop = attn_drop
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, x: Tensor) -> Tensor:
        """The new class token."""
        tokens = (self.q(x[:, :1]), self.k(x), self.v(x))
        q, k, v = (split_heads(t, self.num_heads, 1)[0] for t in tokens)
        dropout = self.attn_drop if self.training else 0.0
        out = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout)
        return self.proj_drop(self.proj(out.transpose(1, 2).flatten(2)))


class PositionalEncodingFourier(BaseModule):
    """Positions from sines and cosines, for a map of any size.

    Args:
        hidden_dim: Number of waves along rows, and along columns.
        dim: Width of the output.
        temperature: Base of the wavelengths.

    Shape:
        returns: ``(1, dim, H, W)``.
    """

    def __init__(
        self, hidden_dim: int = 32, dim: int = 768, temperature: float = 10000.0
    ) -> None:
        super().__init__()
        self.token_projection = ConvModule(hidden_dim * 2, dim, 1, act_cfg=None)
        self.hidden_dim = hidden_dim
        self.temperature = temperature

    def forward(self, size: Sequence[int]) -> Tensor:
        """The positions of a map of ``size``."""
        weight = self.token_projection.conv.weight
        waves = fourier_positions(
            size, self.hidden_dim, self.temperature, weight.device
        )
        return self.token_projection(waves.to(weight.dtype))


class ConvPatchEmbed(BaseModule):
    """Convolutions of stride 2 that turn an image into tokens.

    Args:
        patch_size: Edge of a patch, 8 or 16 pixels.
        in_channels: Channels of the image.
        embed_dims: Width of the tokens.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activations.

    Shape:
        x: ``(B, in_channels, H, W)``.
        returns: ``(B, L, D)``, and the rows and columns of tokens.

    Raises:
        ValueError: if patch_size is neither 8 nor 16.
    """

    def __init__(
        self,
        patch_size: int = 16,
        in_channels: int = 3,
        embed_dims: int = 768,
        norm_cfg: dict = BN,
        act_cfg: dict = GELU,
    ) -> None:
        super().__init__()
        check_choice((8, 16), patch_size=patch_size)
        steps = 4 if patch_size == 16 else 3
        widths = [embed_dims // 2**i for i in reversed(range(steps))]
        layers = []
        for width in widths:
            act = act_cfg if width != embed_dims else None
            common = dict(kernel_size=3, stride=2, padding=1, norm_cfg=norm_cfg)
            layers.append(ConvModule(in_channels, width, act_cfg=act, **common))
            in_channels = width
        self.proj = Sequential(*layers)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Tokens of x, row by row."""
        x = self.proj(x)
        return x.flatten(2).transpose(1, 2), (x.shape[2], x.shape[3])


class ClassAttentionBlock(BaseModule):
    """Attention and a feed-forward network that change the class token alone.

    Args:
        dim: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        mlp_ratio: Hidden width of the feed-forward network over ``D``.
        qkv_bias: Whether queries, keys and values have a bias.
        drop: Dropout after the projections, a fraction.
        attn_drop: Dropout on the attention weights, a fraction.
        layer_scale_init_value: Initial value of the factors on both branches; 0 has
            none.
        tokens_norm: Whether the second norm is that of all tokens.
        norm_cfg: Config of the norms.
        act_cfg: Config of the activation.

    Shape:
        x: ``(B, L, D)``, the class token first; returns the same shape.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = False,
        drop: float = 0.0,
        attn_drop: float = 0.0,
        layer_scale_init_value: float = 1.0,
        tokens_norm: bool = False,
        norm_cfg: dict = LAYER_NORM,
        act_cfg: dict = GELU,
    ) -> None:
        super().__init__()
        self.norm1 = build_norm_layer(norm_cfg, dim)[1]
        self.attn = ClassAttention(dim, num_heads, qkv_bias, attn_drop, drop)
        self.norm2 = build_norm_layer(norm_cfg, dim)[1]
        self.ffn = _ffn(dim, mlp_ratio, act_cfg, drop)
        self.gamma1 = self.gamma2 = 1.0
        if layer_scale_init_value > 0:
            self.gamma1 = _factors(dim, layer_scale_init_value)
            self.gamma2 = _factors(dim, layer_scale_init_value)
        self.tokens_norm = tokens_norm

    def forward(self, x: Tensor) -> Tensor:
        """Change the class token of x."""
        normed = self.norm1(x)
        attended = torch.cat((self.attn(normed), normed[:, 1:]), dim=1)
        x = x + self.gamma1 * attended
        cls_token, patches = x[:, :1], x[:, 1:]
        if self.tokens_norm:
            x = self.norm2(x)
            cls_token, patches = x[:, :1], x[:, 1:]
        else:
            cls_token = self.norm2(cls_token)
        cls_token = cls_token + self.gamma2 * self.ffn(cls_token)
        return torch.cat((cls_token, patches + patches), dim=1)


def _ffn(dim: int, ratio: float, act_cfg: dict, drop: float) -> FFN:
    return FFN(
        dim, int(dim * ratio), act_cfg=act_cfg, ffn_drop=drop, add_identity=False
    )


def _factors(dim: int, value: float) -> nn.Parameter:
    return nn.Parameter(torch.full((dim,), float(value)))


class LPI(BaseModule):
    """Local patch interaction: two depthwise convolutions.

    Args:
        in_features: Width ``D`` of the tokens.
        out_features: Width of the output; ``None`` is in_features.
        kernel_size: Edge of the kernel of both convolutions, in tokens.
        norm_cfg: Config of the norm.
        act_cfg: Config of the activation.

    Shape:
        x: ``(B, H * W, D)``; returns the same shape.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int | None = None,
        kernel_size: int = 3,
        norm_cfg: dict = BN,
        act_cfg: dict = GELU,
    ) -> None:
        super().__init__()
        out_features = out_features or in_features
        common = dict(kernel_size=kernel_size, padding=kernel_size // 2)
        self.conv1 = ConvModule(
            in_features,
            in_features,
            groups=in_features,
            bias=True,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
            order=('conv', 'act', 'norm'),
            **common,
        )
        self.conv2 = ConvModule(
            in_features, out_features, groups=out_features, act_cfg=None, **common
        )

    def forward(self, x: Tensor, size: Sequence[int]) -> Tensor:
        """Let the neighbours of a map of ``size`` interact."""
        x = x.transpose(1, 2).unflatten(2, tuple(size))
        return self.conv2(self.conv1(x)).flatten(2).transpose(1, 2)


class XCA(BaseModule):
    """Cross-covariance attention: of channels to channels.

    Args:
        dim: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        qkv_bias: Whether queries, keys and values have a bias.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout after the projection, a fraction.

    Shape:
        x: ``(B, L, D)``; returns the same shape.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int = 8,
        qkv_bias: bool = False,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.temperature = nn.Parameter(torch.ones(num_heads, 1, 1))
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.attn_drop = nn.Dropout(attn_drop)
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, x: Tensor) -> Tensor:
        """Attend from every channel of x to those of its head."""
        q, k, v = split_heads(self.qkv(x), self.num_heads)
        q, k = F.normalize(q, dim=2), F.normalize(k, dim=2)  # over the tokens
        attn = (q.transpose(-2, -1) @ k * self.temperature).softmax(dim=-1)
        out = v @ self.attn_drop(attn).transpose(-2, -1).to(v.dtype)
        return self.proj_drop(self.proj(out.transpose(1, 2).flatten(2)))


class XCABlock(BaseModule):
    """Cross-covariance attention, local interaction and a feed-forward network.

    Args:
        dim: Width ``D`` of the tokens.
        num_heads: Number of attention heads.
        mlp_ratio: Hidden width of the feed-forward network over ``D``.
        qkv_bias: Whether queries, keys and values have a bias.
        drop: Dropout after the projections, a fraction.
        attn_drop: Dropout on the attention weights, a fraction.
        drop_path: Rate of stochastic depth, a fraction.
        layer_scale_init_value: Initial value of the factors on the branches.
        bn_norm_cfg: Config of the norm between the convolutions.
        norm_cfg: Config of the other norms.
        act_cfg: Config of the activations.

    Shape:
        x: ``(B, H * W, D)``; returns the same shape.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = False,
        drop: float = 0.0,
        attn_drop: float = 0.0,
        drop_path: float = 0.0,
        layer_scale_init_value: float = 1.0,
        bn_norm_cfg: dict = BN,
        norm_cfg: dict = LAYER_NORM,
        act_cfg: dict = GELU,
    ) -> None:
        super().__init__()
        self.norm1 = build_norm_layer(norm_cfg, dim)[1]
        self.attn = XCA(dim, num_heads, qkv_bias, attn_drop, drop)
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()
        self.norm3 = build_norm_layer(norm_cfg, dim)[1]
        self.local_mp = LPI(dim, norm_cfg=bn_norm_cfg, act_cfg=act_cfg)
        self.norm2 = build_norm_layer(norm_cfg, dim)[1]
        self.ffn = _ffn(dim, mlp_ratio, act_cfg, drop)
        self.gamma1 = _factors(dim, layer_scale_init_value)
        self.gamma3 = _factors(dim, layer_scale_init_value)
        self.gamma2 = _factors(dim, layer_scale_init_value)

    def forward(self, x: Tensor, size: Sequence[int]) -> Tensor:
        """The three branches, one after the other."""
        x = x + self.drop_path(self.gamma1 * self.attn(self.norm1(x)))
        x = x + self.drop_path(self.gamma3 * self.local_mp(self.norm3(x), size))
        return x + self.drop_path(self.gamma2 * self.ffn(self.norm2(x)))
