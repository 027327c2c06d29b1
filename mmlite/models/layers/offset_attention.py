"""Attention with a bias for each distance of two tokens."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import DataError

__all__ = ['AttentionWithBias', 'LeAttention', 'distance_index']


def distance_index(resolution: Sequence[int], stride: int = 1) -> tuple[Tensor, int]:
    """Which entry of a table of distances belongs to each pair of tokens.

    Distances are pairs of absolute differences, numbered as they come up.

    Args:
        resolution: Rows and columns of tokens.
        stride: Of the tokens that look; all are looked at.

    Returns:
        ``(queries, L)``, of integers, and the number of distances.

    Example:
        >>> index, count = distance_index((1, 3))
        >>> index.tolist(), count
        ([[0, 1, 2], [1, 0, 1], [2, 1, 0]], 3)
        >>> distance_index((1, 3), stride=2)[0].tolist()
        [[0, 1, 2], [2, 1, 0]]
    """
    rows, columns = resolution
    down = (torch.arange(rows)[::stride, None] - torch.arange(rows)).abs()
    right = (torch.arange(columns)[::stride, None] - torch.arange(columns)).abs()
    # The first token sees every distance once, row by row.
    index = down[:, None, :, None] * columns + right[None, :, None, :]
    return index.flatten(2).flatten(0, 1), rows * columns


class AttentionWithBias(BaseModule):
    """Attention among a fixed number of tokens, with learnt biases.

    A bias belongs to a head and a distance. Paper: LeViT, ICCV 2021,
    https://arxiv.org/abs/2104.01136, and EfficientFormer, NeurIPS 2022,
    https://arxiv.org/abs/2206.01191

    Args:
        embed_dims: Width of the tokens.
        num_heads: Number of heads.
        key_dim: Width of a key.
        attn_ratio: Width of a value over that of a key.
        resolution: Rows and columns of tokens.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, L, D)``; returns the same shape.

    Raises:
        DataError: if there are not as many tokens as ``resolution`` says.

    Example:
        >>> from mmlite.models.layers import AttentionWithBias
        >>> attention = AttentionWithBias(16, num_heads=2, resolution=3)
        >>> attention(torch.zeros(1, 9, 16)).shape
        torch.Size([1, 9, 16])
    """

    keeps_index = True  # whether the state dict has the table of distances

    def __init__(
        self,
        embed_dims: int,
        num_heads: int = 8,
        key_dim: int = 32,
        attn_ratio: float = 4.0,
        resolution: int | Sequence[int] = 7,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if isinstance(resolution, int):
            resolution = (resolution, resolution)
        self.num_heads = num_heads
        self.resolution = tuple(resolution)
        value_dim = int(attn_ratio * key_dim)
        self.widths = (key_dim, key_dim, value_dim)
        index, count = distance_index(resolution)
        self.attention_biases = nn.Parameter(torch.zeros(num_heads, count))
        self.register_buffer('attention_bias_idxs', index, persistent=self.keeps_index)
        self.make_norm(embed_dims)
        self.qkv = nn.Linear(embed_dims, sum(self.widths) * num_heads)
        self.proj = nn.Linear(value_dim * num_heads, embed_dims)

    def make_norm(self, embed_dims: int) -> None:
        """Add what stands before the attention."""
        self.norm = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Attention of x."""
        rows, columns = self.resolution
        if x.shape[1] != rows * columns:
            raise DataError(
                f'the attention has biases for {rows}x{columns} tokens, got '
                f'{x.shape[1]}; give images of the size that the model was built for'
            )
        qkv = self.qkv(self.norm(x)).unflatten(-1, (self.num_heads, -1))
        query, key, value = qkv.transpose(1, 2).split(self.widths, dim=-1)
        bias = self.attention_biases[:, self.attention_bias_idxs].to(query.dtype)
        out = F.scaled_dot_product_attention(query, key, value, bias)
        return self.proj(out.transpose(1, 2).flatten(2))


class LeAttention(AttentionWithBias):
    """:class:`AttentionWithBias` behind a norm, as TinyViT has it.

    Its arguments are called otherwise.

    Args:
        dim: Width of the tokens.
        key_dim: Width of a key.
        num_heads: Number of heads.
        attn_ratio: Width of a value over that of a key.
        resolution: Rows and columns of tokens.
        init_cfg: Config of the initialisation.
    """

    keeps_index = False

    def __init__(
        self,
        dim: int,
        key_dim: int,
        num_heads: int = 8,
        attn_ratio: float = 4.0,
        resolution: Sequence[int] = (14, 14),
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(dim, num_heads, key_dim, attn_ratio, resolution, init_cfg)

    def make_norm(self, embed_dims: int) -> None:
        """Add the norm."""
        self.norm = nn.LayerNorm(embed_dims)
