"""The blocks of HiViT."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.model.weight_init import trunc_normal_
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from .attention import split_heads
from .drop import DropPath
from .mlp import Mlp
from .norm import build_norm_layer
from .relative_position import RelativePositions

__all__ = [
    'BlockWithRPE',
    'HiViTPatchEmbed',
    'PatchMerge',
]

LAYER_NORM = dict(type='LN')


class HiViTAttention(RelativePositions, BaseModule):
    """Self-attention, with or without a bias for each offset.

    Args:
        input_size: Rows, and columns, of tokens.
        dim: Width ``D`` of the tokens.
        num_heads: Attention heads.
        qkv_bias: Whether queries, keys and values have a bias.
        qk_scale: Factor on the products; ``None`` is ``1 / sqrt(D / heads)``.
        attn_drop: Dropout on the attention weights, a fraction.
        proj_drop: Dropout after the projection, a fraction.
        rpe: Whether there is a bias for each offset.

    Shape:
        x: ``(B, L, D)``; returns the same shape.
    """

    def __init__(
        self,
        input_size: int,
        dim: int,
        num_heads: int,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        rpe: bool = True,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.scale = qk_scale
        self.rpe = rpe
        if rpe:
            self.init_relative_positions((input_size, input_size), num_heads)
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.attn_drop = attn_drop
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop)

    def init_weights(self) -> None:
        """A truncated normal for the table of offsets."""
        super().init_weights()
        if self.rpe:
            trunc_normal_(self.relative_position_bias_table, std=0.02)

    def forward(self, x: Tensor, size: Sequence[int] | None = None) -> Tensor:
        """Attend from every token of x to all of them.

        Args:
            x: The tokens.
            size: Rows and columns of them, for the bias; None has none, for
                tokens some of which are left out.
        """
        q, k, v = split_heads(self.qkv(x), self.num_heads)
        bias = None
        if self.rpe and size is not None:
            bias = self.position_bias(size)[None].to(q.dtype)
        out = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=bias,
            dropout_p=self.attn_drop if self.training else 0.0,
            scale=self.scale,
        )
        return self.proj_drop(self.proj(out.transpose(1, 2).flatten(2)))


class BlockWithRPE(BaseModule):
    """Attention, if there are heads, and a feed-forward network.

    Args:
        input_size: Rows, and columns, of tokens.
        dim: Width ``D`` of the tokens.
        num_heads: Attention heads; 0 has no attention.
        mlp_ratio: Hidden width of the feed-forward network over ``D``.
        qkv_bias: Whether queries, keys and values have a bias.
        qk_scale: Factor on the products.
        drop: Dropout after the projections, a fraction.
        attn_drop: Dropout on the attention weights, a fraction.
        drop_path: Stochastic depth, a fraction.
        rpe: Whether the attention has a bias for each offset.
        layer_scale_init_value: Start of the factors of the branches; 0 has none.
        norm_cfg: Config of the norms.

    Shape:
        x: ``(B, *, D)``; returns the same shape.
    """

    def __init__(
        self,
        input_size: int,
        dim: int,
        num_heads: int = 0,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        drop: float = 0.0,
        attn_drop: float = 0.0,
        drop_path: float = 0.0,
        rpe: bool = True,
        layer_scale_init_value: float = 0.0,
        norm_cfg: dict = LAYER_NORM,
    ) -> None:
        super().__init__()
        self.norm1 = self.attn = None
        if num_heads > 0:
            self.norm1 = build_norm_layer(norm_cfg, dim)[1]
            self.attn = HiViTAttention(
                input_size, dim, num_heads, qkv_bias, qk_scale, attn_drop, drop, rpe
            )
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()
        self.norm2 = build_norm_layer(norm_cfg, dim)[1]
        self.mlp = Mlp(dim, int(dim * mlp_ratio), drop=drop)
        self.gamma_1 = self.gamma_2 = None
        if layer_scale_init_value > 0:
            start = torch.full((dim,), float(layer_scale_init_value))
            if num_heads > 0:
                self.gamma_1 = nn.Parameter(start)
            self.gamma_2 = nn.Parameter(start.clone())

    def forward(self, x: Tensor, size: Sequence[int] | None = None) -> Tensor:
        """Attention among the tokens, then a network on each."""
        if self.attn is not None:
            x = x + self._branch(self.attn(self.norm1(x), size), self.gamma_1)
        return x + self._branch(self.mlp(self.norm2(x)), self.gamma_2)

    def _branch(self, out: Tensor, gamma: Tensor | None) -> Tensor:
        return self.drop_path(out if gamma is None else gamma * out)


class HiViTPatchEmbed(BaseModule):
    """Turn an image into patches that are small maps of tokens.

    Args:
        img_size: Pixels of the image.
        patch_size: Pixels of a patch.
        inner_patches: Rows, and columns, of tokens in a patch.
        in_chans: Channels of the image.
        embed_dim: Width ``D`` of the tokens.
        norm_cfg: Config of a norm; ``None`` has none.
        kernel_size: Of the convolution; ``None`` is its stride.
        pad_size: Of the convolution, in pixels.

    Shape:
        x: ``(B, C, H, W)``.
        returns: ``(B, L, inner_patches, inner_patches, D)``.
    """

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        patch_size: int | Sequence[int] = 16,
        inner_patches: int = 4,
        in_chans: int = 3,
        embed_dim: int = 128,
        norm_cfg: dict | None = None,
        kernel_size: int | Sequence[int] | None = None,
        pad_size: int | None = None,
    ) -> None:
        super().__init__()
        self.img_size = to_2tuple(img_size)
        self.patch_size = to_2tuple(patch_size)
        self.inner_patches = inner_patches
        rows, columns = self.patches_resolution = self.grid(self.img_size)
        self.num_patches = rows * columns
        stride = [side // inner_patches for side in self.patch_size]
        self.proj = nn.Conv2d(
            in_chans,
            embed_dim,
            kernel_size or stride,
            stride=stride,
            padding=pad_size or 0,
        )
        self.norm = nn.Identity()
        if norm_cfg is not None:
            self.norm = build_norm_layer(norm_cfg, embed_dim)[1]

    def grid(self, size: Sequence[int]) -> tuple[int, int]:
        """Rows and columns of whole patches in an image of ``size`` pixels."""
        return size[0] // self.patch_size[0], size[1] // self.patch_size[1]

    def forward(self, x: Tensor) -> Tensor:
        """The patches of x; remaining rows and columns are cut off."""
        rows, columns = self.grid(x.shape[2:])
        inner = self.inner_patches
        x = self.proj(x)[:, :, : rows * inner, : columns * inner]
        x = x.reshape(x.shape[0], -1, rows, inner, columns, inner)
        x = x.permute(0, 2, 4, 3, 5, 1).flatten(1, 2)
        return self.norm(x)


class PatchMerge(BaseModule):
    """Join two by two tokens of every patch by a norm and a linear layer.

    Args:
        dim: Width ``D`` of the tokens.
        norm_cfg: Config of the norm.

    Shape:
        x: ``(B, L, H, W, D)``; returns ``(B, L, H / 2, W / 2, 2 * D)``.
    """

    def __init__(self, dim: int, norm_cfg: dict) -> None:
        super().__init__()
        self.norm = build_norm_layer(norm_cfg, dim * 4)[1]
        self.reduction = nn.Linear(dim * 4, dim * 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Join the tokens of x."""
        corners = [x[..., i::2, j::2, :] for j in (0, 1) for i in (0, 1)]
        return self.reduction(self.norm(torch.cat(corners, dim=-1)))
