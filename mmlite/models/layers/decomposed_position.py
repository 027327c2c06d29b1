"""Relative positions along rows and along columns, apart."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ['decomposed_position_bias', 'resize_rel_pos']


def resize_rel_pos(rel_pos: Tensor, length: int) -> Tensor:
    """Interpolate the embeddings of offsets ``(offsets, D)`` to another number.

    Example:
        >>> resize_rel_pos(torch.zeros(5, 8), 7).shape
        torch.Size([7, 8])
    """
    if len(rel_pos) == length:
        return rel_pos
    resized = F.interpolate(rel_pos.T[None].float(), size=length, mode='linear')
    return resized[0].T.to(rel_pos.dtype)


def _embeddings(rel_pos: Tensor, q_size: int, k_size: int) -> Tensor:
    """The embedding of every pair of places, ``(q_size, k_size, D)``."""
    rel_pos = resize_rel_pos(rel_pos, 2 * max(q_size, k_size) - 1)
    q_step, k_step = max(k_size / q_size, 1.0), max(q_size / k_size, 1.0)
    q_place = torch.arange(q_size, device=rel_pos.device)[:, None] * q_step
    k_place = torch.arange(k_size, device=rel_pos.device)[None, :] * k_step
    return rel_pos[(q_place - k_place + (k_size - 1) * k_step).long()]


def decomposed_position_bias(
    q: Tensor,
    rel_pos_h: Tensor,
    rel_pos_w: Tensor,
    q_size: Sequence[int],
    k_size: Sequence[int],
) -> Tensor:
    """What relative positions add to the products of queries and keys.

    Paper: MViTv2, CVPR 2022, https://arxiv.org/abs/2112.01526

    Args:
        q: Queries, ``(..., Lq, D)``, not scaled.
        rel_pos_h: Embeddings of offsets along a column, ``(offsets, D)``.
        rel_pos_w: Embeddings of offsets along a row, ``(offsets, D)``.
        q_size: Rows and columns of queries.
        k_size: Rows and columns of keys.

    Returns:
        ``(..., Lq, Lk)``.

    Example:
        >>> table = torch.zeros(5, 8)
        >>> decomposed_position_bias(torch.zeros(1, 2, 9, 8), table, table,
        ...                          (3, 3), (3, 3)).shape
        torch.Size([1, 2, 9, 9])
    """
    q = q.unflatten(-2, tuple(q_size))
    down = _embeddings(rel_pos_h, q_size[0], k_size[0])
    right = _embeddings(rel_pos_w, q_size[1], k_size[1])
    down = torch.einsum('...hwc,hkc->...hwk', q, down.to(q.dtype))
    right = torch.einsum('...hwc,wkc->...hwk', q, right.to(q.dtype))
    bias = down[..., :, None] + right[..., None, :]
    return bias.flatten(-2).flatten(-3, -2)
