"""The blocks of LeViT."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, Sequential
from torch import Tensor, nn

from ..layers import (
    DropPath,
    build_activation_layer,
    build_norm_layer,
    distance_index,
    fuse_conv_norm,
    norm_as_affine,
)

__all__ = [
    'MLP',
    'Attention',
    'AttentionSubsample',
    'HybridBackbone',
    'Residual',
]

HSWISH = dict(type='HSwish')
BN = dict(type='BN')
BN1D = dict(type='BN1d')


class ConvolutionBatchNorm(BaseModule):
    """A convolution without a bias, and a norm.

    Args:
        in_channel: Channels of the input.
        out_channel: Channels of the output.
        norm_cfg: Config of the norm.
        kwargs: Arguments of ``torch.nn.Conv2d``.
    """

    def __init__(
        self, in_channel: int, out_channel: int, norm_cfg: dict = BN, **kwargs: Any
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channel, out_channel, bias=False, **kwargs)
        self.bn = build_norm_layer(norm_cfg, out_channel)[1]

    def forward(self, x: Tensor) -> Tensor:
        """Both of x."""
        return self.bn(self.conv(x))

    def fuse(self) -> nn.Conv2d:
        """Both as one convolution."""
        weight, bias = fuse_conv_norm(self.conv, self.bn)
        self.conv.weight.copy_(weight)
        self.conv.bias = nn.Parameter(bias)
        return self.conv


class LinearBatchNorm(BaseModule):
    """A linear layer without a bias, and a norm over all tokens.

    Args:
        in_feature: Width of the input.
        out_feature: Width of the output.
        norm_cfg: Config of the norm.

    Shape:
        x: ``(B, L, in_feature)``; returns ``(B, L, out_feature)``.
    """

    def __init__(
        self, in_feature: int, out_feature: int, norm_cfg: dict = BN1D
    ) -> None:
        super().__init__()
        self.linear = nn.Linear(in_feature, out_feature, bias=False)
        self.bn = build_norm_layer(norm_cfg, out_feature)[1]

    def forward(self, x: Tensor) -> Tensor:
        """Both of x."""
        x = self.linear(x)
        return self.bn(x.flatten(0, 1)).reshape_as(x)

    def fuse(self) -> nn.Linear:
        """Both as one linear layer."""
        scale, shift = norm_as_affine(self.bn)
        self.linear.weight.mul_(scale[:, None])
        self.linear.bias = nn.Parameter(shift)
        return self.linear


class HybridBackbone(BaseModule):
    """Four convolutions of stride 2 that turn an image into a map of tokens.

    Args:
        embed_dim: Width of the tokens.
        act_cfg: Config of the activations.
        norm_cfg: Config of the norms.

    Shape:
        x: ``(B, 3, H, W)``; returns ``(B, embed_dim, H / 16, W / 16)``.
    """

    def __init__(
        self, embed_dim: int, act_cfg: dict = HSWISH, norm_cfg: dict = BN
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        in_channels = 3
        for part in (8, 4, 2, 1):
            layers += [build_activation_layer(act_cfg)] if layers else []
            width = embed_dim // part
            args = dict(kernel_size=3, stride=2, padding=1)
            layers.append(ConvolutionBatchNorm(in_channels, width, norm_cfg, **args))
            in_channels = width
        self.patch_embed = Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """A map of tokens."""
        return self.patch_embed(x)


class Residual(BaseModule):
    """A block with a shortcut around it.

    Args:
        block: The block.
        drop_path_rate: Rate of stochastic depth, a fraction.
    """

    def __init__(self, block: nn.Module, drop_path_rate: float = 0.0) -> None:
        super().__init__()
        self.block = block
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """The block of x, added to x."""
        return x + self.drop_path(self.block(x))


class _BiasedAttention(BaseModule):
    """Attention with a bias for each distance.

    Override:
        forward: queries, keys and values of x, handed to :meth:`_attend`.
    """

    def _init_bias(
        self, num_heads: int, key_dim: int, resolution: int, stride: int
    ) -> None:
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.resolution = resolution
        index, count = distance_index((resolution, resolution), stride)
        self.attention_biases = nn.Parameter(torch.zeros(num_heads, count))
        self.register_buffer('attention_bias_idxs', index)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Tokens ``(B, L, heads * D)`` from three ``(B, L, heads, D)``."""
        bias = self.attention_biases[:, self.attention_bias_idxs][None]
        out = F.scaled_dot_product_attention(
            q.transpose(1, 2),
            k.transpose(1, 2),
            v.transpose(1, 2),
            attn_mask=bias.to(q.dtype),
        )
        return out.transpose(1, 2).flatten(2)


class Attention(_BiasedAttention):
    """Self-attention with a bias for each distance, and norms.

    Args:
        dim: Width ``D`` of the tokens.
        key_dim: Width of a key.
        num_heads: Number of attention heads.
        attn_ratio: Width of a value over that of a key.
        act_cfg: Config of the activation.
        resolution: Number of rows, and of columns, of tokens.

    Shape:
        x: ``(B, L, D)``; returns the same shape.
    """

    def __init__(
        self,
        dim: int,
        key_dim: int,
        num_heads: int = 8,
        attn_ratio: float = 4,
        act_cfg: dict = HSWISH,
        resolution: int = 14,
    ) -> None:
        super().__init__()
        self._init_bias(num_heads, key_dim, resolution, 1)
        self.value_dim = int(attn_ratio * key_dim)
        width = self.value_dim * num_heads
        self.qkv = LinearBatchNorm(dim, width + 2 * key_dim * num_heads)
        self.proj = nn.Sequential(
            build_activation_layer(act_cfg), LinearBatchNorm(width, dim)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Attend from every token of x to all of them."""
        qkv = self.qkv(x).unflatten(2, (self.num_heads, -1))
        parts = (self.key_dim, self.key_dim, self.value_dim)
        return self.proj(self._attend(*qkv.split(parts, dim=3)))


class Subsample(BaseModule):
    """Every second token of every second row.

    Args:
        stride: Distance of two tokens that are kept, in tokens.
        resolution: Number of rows, and of columns, of tokens.
    """

    def __init__(self, stride: int, resolution: int) -> None:
        super().__init__()
        self.stride = stride
        self.resolution = resolution

    def forward(self, x: Tensor) -> Tensor:
        """Some of the tokens ``(B, L, D)``."""
        x = x.unflatten(1, (self.resolution, self.resolution))
        return x[:, :: self.stride, :: self.stride].flatten(1, 2)


class AttentionSubsample(_BiasedAttention):
    """Attention of every second token of every second row to all of them.

    Args:
        in_dim: Width of the tokens.
        out_dim: Width of the output.
        key_dim: Width of a key.
        num_heads: Number of attention heads.
        attn_ratio: Width of a value over that of a key.
        act_cfg: Config of the activation.
        stride: Distance of two tokens that are kept, in tokens.
        resolution: Number of rows, and of columns, of tokens.

    Shape:
        x: ``(B, L, in_dim)``; returns ``(B, L', out_dim)``.
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        key_dim: int,
        num_heads: int = 8,
        attn_ratio: float = 2,
        act_cfg: dict = HSWISH,
        stride: int = 2,
        resolution: int = 14,
    ) -> None:
        super().__init__()
        self._init_bias(num_heads, key_dim, resolution, stride)
        self.value_dim = int(attn_ratio * key_dim)
        self.sub_resolution = (resolution - 1) // stride + 1
        width = self.value_dim * num_heads
        self.kv = LinearBatchNorm(in_dim, width + key_dim * num_heads)
        self.q = nn.Sequential(
            Subsample(stride, resolution), LinearBatchNorm(in_dim, key_dim * num_heads)
        )
        self.proj = nn.Sequential(
            build_activation_layer(act_cfg), LinearBatchNorm(width, out_dim)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Fewer tokens."""
        kv = self.kv(x).unflatten(2, (self.num_heads, -1))
        k, v = kv.split((self.key_dim, self.value_dim), dim=3)
        q = self.q(x).unflatten(2, (self.num_heads, -1))
        return self.proj(self._attend(q, k, v))


class MLP(nn.Sequential):
    """Two linear layers with norms, and an activation in between.

    Args:
        embed_dim: Width of the tokens.
        mlp_ratio: Hidden width over ``embed_dim``.
        act_cfg: Config of the activation.
    """

    def __init__(
        self, embed_dim: int, mlp_ratio: float, act_cfg: dict = HSWISH
    ) -> None:
        super().__init__()
        hidden = int(embed_dim * mlp_ratio)
        self.linear1 = LinearBatchNorm(embed_dim, hidden)
        self.activation = build_activation_layer(act_cfg)
        self.linear2 = LinearBatchNorm(hidden, embed_dim)
