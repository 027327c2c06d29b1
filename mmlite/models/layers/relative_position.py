"""Relative positions of the tokens of a window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn

__all__ = [
    'RelativePositionBias',
    'RelativePositions',
    'relative_position_index',
    'resize_relative_position_bias_table',
]

#: Entries of a table for a class token: to it, from it, and to itself.
_CLS_ENTRIES = 3


def relative_position_index(
    window_size: Sequence[int], with_cls_token: bool = False
) -> Tensor:
    """Which entry of a table of offsets belongs to each pair of tokens.

    Args:
        window_size: Rows and columns of tokens.
        with_cls_token: Whether a class token comes first; it has the last
            three entries: from it, to it, and to itself.

    Returns:
        ``(L, L)``, of integers.

    Example:
        >>> relative_position_index((1, 2))
        tensor([[1, 0],
                [2, 1]])
    """
    rows, columns = window_size
    y = torch.arange(rows).repeat_interleave(columns)
    x = torch.arange(columns).repeat(rows)
    down = y[:, None] - y[None, :] + rows - 1
    right = x[:, None] - x[None, :] + columns - 1
    index = down * (2 * columns - 1) + right
    if not with_cls_token:
        return index
    count = (2 * rows - 1) * (2 * columns - 1)
    whole = index.new_empty(len(index) + 1, len(index) + 1)
    whole[1:, 1:] = index
    whole[0, :] = count
    whole[:, 0] = count + 1
    whole[0, 0] = count + 2
    return whole


def resize_relative_position_bias_table(
    table: Tensor, src_size: int, dst_size: int
) -> Tensor:
    """Interpolate a table of offsets to that of another window.

    The known offsets are spread as a geometric progression, so that near ones
    keep their places; in between there is a bicubic spline. As in BEiT,
    https://arxiv.org/abs/2106.08254.

    Args:
        table: ``(src_size * src_size, heads)``.
        src_size: Offsets along one side, ``2 * window - 1``.
        dst_size: The same for the window wanted.

    Returns:
        ``(dst_size * dst_size, heads)``.

    Example:
        >>> table = torch.ones(9, 2)
        >>> resize_relative_position_bias_table(table, 3, 5).shape
        torch.Size([25, 2])
    """
    half, reach = src_size // 2, dst_size // 2
    low, high = 1.01, 1.5
    while high - low > 1e-6:
        ratio = (low + high) / 2
        if (1 - ratio**half) / (1 - ratio) > reach:
            high = ratio
        else:
            low = ratio
    distances = np.cumsum(ratio ** np.arange(half))
    known = np.concatenate([-distances[::-1], [0.0], distances])
    weights = torch.from_numpy(
        _spline_weights(known, np.arange(-reach, reach + 1, dtype=float))
    )
    grid = table.detach().double().cpu().view(src_size, src_size, -1)
    grid = torch.einsum('ai,bj,ijh->abh', weights, weights, grid)
    return grid.reshape(dst_size * dst_size, -1).to(table)


def _spline_weights(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """How values at ``known`` are weighed by a cubic spline ("not a knot")."""
    degree = min(3, len(known) - 1)
    inner = known[2:-2] if degree == 3 else known[:0]
    ends = (known[:1].repeat(degree + 1), known[-1:].repeat(degree + 1))
    knots = np.concatenate([ends[0], inner, ends[1]])
    wanted = wanted.clip(known[0], known[-1])
    basis = _b_splines(knots, degree, wanted)
    return basis @ np.linalg.inv(_b_splines(knots, degree, known))


def _b_splines(knots: np.ndarray, degree: int, x: np.ndarray) -> np.ndarray:
    """Every B-spline over ``knots`` at every ``x``, by Cox and de Boor."""
    last = len(knots) - degree - 2
    place = (np.searchsorted(knots, x, side='right') - 1).clip(degree, last)
    basis = np.eye(len(knots) - 1)[place]
    for k in range(1, degree + 1):
        left, right = knots[: -k - 1], knots[k + 1 :]
        rise = np.maximum(knots[k:-1] - left, 1e-300)
        fall = np.maximum(right - knots[1:-k], 1e-300)
        basis = (x[:, None] - left) / rise * basis[:, :-1] + (
            right - x[:, None]
        ) / fall * basis[:, 1:]
    return basis


class RelativePositions:
    """What an attention has that adds a learnt bias to each offset of two tokens.

    A mixin of modules. The names are ``relative_position_bias_table`` and
    ``relative_position_index``; a table of another window is interpolated
    when it is loaded.
    """

    relative_position_bias_table: nn.Parameter
    relative_position_index: Tensor

    def init_relative_positions(
        self, window_size: Sequence[int], num_heads: int, with_cls_token: bool = False
    ) -> None:
        """Add the table and the index to the module."""
        rows, columns = self.bias_window = tuple(window_size)
        self.num_cls_entries = _CLS_ENTRIES if with_cls_token else 0
        count = (2 * rows - 1) * (2 * columns - 1) + self.num_cls_entries
        self.relative_position_bias_table = nn.Parameter(torch.zeros(count, num_heads))
        self.register_buffer(
            'relative_position_index',
            relative_position_index(window_size, with_cls_token),
        )

    def position_bias(self, window_size: Sequence[int] | None = None) -> Tensor:
        """``(heads, L, L)``, to be added to the products of the attention.

        For a window of another size the table is interpolated.
        """
        table, index = self.relative_position_bias_table, self.relative_position_index
        if window_size is not None and tuple(window_size) != self.bias_window:
            cut = len(table) - self.num_cls_entries
            grid = table[:cut].unflatten(0, [2 * size - 1 for size in self.bias_window])
            grid = F.interpolate(
                grid.permute(2, 0, 1)[None].float(),
                size=[2 * size - 1 for size in window_size],
                mode='bicubic',
                align_corners=False,
            )
            grid = grid[0].flatten(1).T.to(table.dtype)
            table = torch.cat((grid, table[cut:]))
            index = relative_position_index(window_size, self.num_cls_entries > 0)
            index = index.to(table.device)
        return table[index.flatten()].view(*index.shape, -1).permute(2, 0, 1)

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any
    ) -> None:
        name = f'{prefix}relative_position_bias_table'
        own = getattr(self, 'relative_position_bias_table', None)
        if own is not None and name in state_dict:
            loaded = state_dict[name]
            if len(loaded) != len(own):
                state_dict[name] = self._resized(loaded, len(own))
                index = f'{prefix}relative_position_index'
                state_dict[index] = self.relative_position_index
                print_log(
                    f'{name} is resized from {tuple(loaded.shape)} to '
                    f'{tuple(state_dict[name].shape)}',
                    logger='current',
                )
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _resized(self, table: Tensor, length: int) -> Tensor:
        cut = len(table) - self.num_cls_entries
        src_size = round(cut**0.5)
        dst_size = round((length - self.num_cls_entries) ** 0.5)
        if src_size**2 != cut or dst_size**2 != length - self.num_cls_entries:
            return table  # of windows that are not square; loading names both shapes
        resized = resize_relative_position_bias_table(table[:cut], src_size, dst_size)
        return torch.cat((resized, table[cut:]))


class RelativePositionBias(RelativePositions, BaseModule):
    """A bias for each offset of two patches that all layers of a network share.

    It starts at zero, as BEiT's does.

    Args:
        window_size: Rows and columns of patches.
        num_heads: Attention heads.
        with_cls_token: Whether a class token comes first.

    Shape:
        returns: ``(heads, L, L)``.

    Example:
        >>> RelativePositionBias((2, 3), num_heads=4)().shape
        torch.Size([4, 7, 7])
    """

    def __init__(
        self, window_size: Sequence[int], num_heads: int, with_cls_token: bool = True
    ) -> None:
        super().__init__()
        self.init_relative_positions(window_size, num_heads, with_cls_token)

    def forward(self, window_size: Sequence[int] | None = None) -> Tensor:
        """The bias of every pair of tokens, also of a grid of another size."""
        return self.position_bias(window_size)
