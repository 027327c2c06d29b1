"""How well each pixel of the left view fits those of the right one, by disparity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import DataError
from .precision import full_precision

__all__ = ['concat_volume', 'correlation_volume', 'group_correlation_volume']

_BLOCK = 32  # columns of the left view that are multiplied at a time
_SUMMED = (torch.float32, torch.float64)  # sums of others lose too much
_CACHED = 2**19  # entries of the volume that are summed up at a time


def concat_volume(left: Tensor, right: Tensor, num_disp: int) -> Tensor:
    """Features of both views beside each other, for each disparity.

    At disparity ``d`` the left pixel ``x`` meets the right pixel ``x - d``; where the
    right view has no such pixel, both halves are zero.

    Args:
        left: Features of the left view.
        right: Those of the right view.
        num_disp: Number of disparities ``M``, from 0, in pixels of the features.

    Shape:
        left, right: ``(B, C, H, W)``.
        returns: ``(B, 2 C, M, H, W)``.

    Raises:
        DataError: if the views are of different shapes.

    Example:
        >>> left, right = torch.tensor([5., 6.]), torch.tensor([7., 8.])
        >>> volume = concat_volume(left.view(1, 1, 1, 2), right.view(1, 1, 1, 2), 2)
        >>> volume[0, :, 1, 0].tolist()  # at disparity 1, x = 1 meets x = 0
        [[0.0, 6.0], [0.0, 7.0]]
    """
    _check(left, right, num_disp)
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        return _traced_concat_volume(left, right, num_disp)
    return _ConcatVolume.apply(left, right, num_disp)


def _traced_concat_volume(left: Tensor, right: Tensor, num_disp: int) -> Tensor:
    """The same without writing in place, for programs that are exported."""
    width = left.size(-1)
    padded = F.pad(right, (num_disp - 1, 0))
    starts = range(num_disp - 1, -1, -1)
    moved = torch.stack([padded[..., s : s + width] for s in starts], dim=2)
    columns = torch.arange(width, device=left.device)
    shifts = torch.arange(num_disp, device=left.device)
    known = columns >= shifts[:, None, None]  # (M, 1, W)
    return torch.cat([left.unsqueeze(2) * known, moved], dim=1)


class _ConcatVolume(torch.autograd.Function):
    """Writes each entry once; the gradients are sums over the disparities."""

    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor, num_disp: int) -> Tensor:
        batch, channels, height, width = left.shape
        ctx.num_disp = num_disp
        volume = left.new_empty(batch, 2 * channels, num_disp, height, width)
        columns = torch.arange(width, device=left.device)
        known = columns >= torch.arange(num_disp, device=left.device).view(-1, 1, 1)
        zero = left.new_zeros(())
        for part, of_left, of_right in zip(volume, left, right, strict=True):
            first, second = part.chunk(2)
            # What becomes the left half has room for the right view with its border.
            room = first.flatten()[: channels * height * (width + num_disp - 1)]
            _write_moved(second, of_right, room.view(channels, height, -1))
            torch.where(known, of_left.unsqueeze(1), zero, out=first)
        return volume

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        channels, width = grad.size(1) // 2, grad.size(-1)
        left = grad[:, :channels, 0].clone()
        right = grad[:, channels:, 0].clone()
        for d in range(1, min(ctx.num_disp, width)):
            left[..., d:] += grad[:, :channels, d, :, d:]
            right[..., : width - d] += grad[:, channels:, d, :, d:]
        return left, right, None


def _write_moved(volume: Tensor, right: Tensor, padded: Tensor) -> None:
    """Write the right view, moved by each disparity, with zeros where it ends.

    Args:
        volume: Where to.
        right: The right view.
        padded: Room for it with a border.

    Shape:
        volume: ``(C, M, H, W)``; right: ``(C, H, W)``; padded: ``(C, H, W + M - 1)``.
    """
    border, width = volume.size(1) - 1, right.size(-1)
    padded[..., :border] = 0
    padded[..., border:] = right
    if right.device.type != 'cpu':
        for d in range(border + 1):
            volume[:, d] = padded[..., border - d : border - d + width]
        return
    # The disparity runs against the columns, and numpy's views may run backwards: one
    # copy that goes through the memory from its beginning to its end.
    if right.dtype == torch.bfloat16:  # which numpy lacks
        volume, padded = volume.view(torch.int16), padded.view(torch.int16)
    source = padded.numpy()
    of_channel, of_row, of_column = source.strides
    moved = np.lib.stride_tricks.as_strided(
        source[..., border:],
        volume.shape,
        (of_channel, -of_column, of_row, of_column),
    )
    np.copyto(volume.numpy(), moved)


def group_correlation_volume(
    left: Tensor, right: Tensor, num_disp: int, num_groups: int
) -> Tensor:
    """Mean of products of the features of both views, group by group of channels.

    Paper: Group-wise Correlation Stereo Network, CVPR 2019,
    https://arxiv.org/abs/1903.04025

    On a CPU a piece of the volume that fits into its cache is summed up channel by
    channel. Elsewhere it is a product of matrices for blocks of columns, of which the
    diagonals are kept: one pass over the volume instead of one over the features for
    each disparity.

    Args:
        left: Features of the left view.
        right: Those of the right view.
        num_disp: Number of disparities ``M``, from 0, in pixels of the features.
        num_groups: Number of groups ``G``, which divides ``C``.

    Shape:
        left, right: ``(B, C, H, W)``.
        returns: ``(B, G, M, H, W)``; 0 where the right view has no such pixel. Of
        float16 it is float32.

    Raises:
        DataError: if the views are of different shapes, or ``G`` does not divide ``C``.

    Example:
        >>> left = torch.tensor([[[[1., 2.]], [[3., 4.]]]])  # 2 channels, 2 columns
        >>> group_correlation_volume(left, left, 2, num_groups=1).squeeze().tolist()
        [[5.0, 10.0], [0.0, 7.0]]
    """
    _check(left, right, num_disp)
    channels = left.size(1)
    if channels % num_groups:
        raise DataError(
            f'{channels} channels cannot be cut into {num_groups} groups of one size; '
            'set num_groups to a divisor'
        )
    if left.dtype == torch.float16:  # beyond which a mean of products may be
        left, right = left.float(), right.float()
    traced = torch.compiler.is_compiling() or torch.jit.is_tracing()
    if left.device.type == 'cpu' and left.dtype in _SUMMED and not traced:
        return _GroupVolume.apply(left, right, num_disp, num_groups)
    return _products_of_blocks(left, right, num_disp, num_groups)


def _products_of_blocks(
    left: Tensor, right: Tensor, num_disp: int, num_groups: int
) -> Tensor:
    channels, width = left.size(1), left.size(-1)
    size = channels // num_groups
    rows = (left / size).unflatten(1, (num_groups, size))
    rows = rows.permute(0, 1, 3, 4, 2).contiguous()
    # Mirrored, so that the disparity grows along a row of the products.
    mirrored = F.pad(right, (num_disp - 1, 0)).flip(-1)
    mirrored = mirrored.unflatten(1, (num_groups, size))
    mirrored = mirrored.permute(0, 1, 3, 2, 4).contiguous()
    blocks = []
    for x in range(0, width, _BLOCK):
        end = min(x + _BLOCK, width)
        reach = mirrored[..., width - end : width - x + num_disp - 1]
        with full_precision(left.device):
            products = rows[..., x:end, :] @ reach
        blocks.append(_diagonals(products, num_disp).permute(0, 1, 4, 2, 3))
    return torch.cat(blocks, dim=-1)


def _diagonals(products: Tensor, count: int) -> Tensor:
    """``products[..., w, n - 1 - w + k]`` for ``k < count``, without a copy.

    In rows that are one entry shorter a diagonal stands upright.

    Shape:
        products: ``(..., n, n + count - 1)``; returns: ``(..., n, count)``.
    """
    rows, reach = products.shape[-2:]
    flat = products.flatten(-2)[..., rows - 1 : rows * reach - 1]
    return flat.unflatten(-1, (rows, reach - 1))[..., :count]


class _GroupVolume(torch.autograd.Function):
    """Piece by piece, the disparities from the largest to 0.

    In this order they run with the columns of the right view, whose windows are then a
    view of its memory.
    """

    @staticmethod
    def forward(
        ctx: Any, left: Tensor, right: Tensor, num_disp: int, num_groups: int
    ) -> Tensor:
        ctx.save_for_backward(left, right)
        ctx.counts = num_disp, num_groups
        height, width = left.shape[-2:]
        volume = left.new_empty(len(left), num_groups, num_disp, height, width)
        pieces = _pieces(left, right, num_disp, num_groups)
        for (sample, group, rows), channels in pieces:
            total = left.new_zeros(num_disp, len(range(height)[rows]), width)
            for _, of_left, windows in channels:
                total.addcmul_(of_left, windows, value=num_groups / left.size(1))
            volume[sample, group, :, rows] = total.flip(0)
        return volume

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        left, right = ctx.saved_tensors
        num_disp, num_groups = ctx.counts
        border, width = num_disp - 1, left.size(-1)
        of_left = torch.empty_like(left)
        of_right = right.new_empty(*right.shape[:-1], width + border)
        pieces = _pieces(left, right, num_disp, num_groups)
        for (sample, group, rows), channels in pieces:
            part = grad[sample, group, :, rows].flip(0)
            part.mul_(num_groups / left.size(1))
            count = part.size(1)
            wide = part.new_zeros(num_disp, count, width + border)
            strides = count * (width + border) + 1, width + border, 1
            moved = wide.as_strided(part.shape, strides)  # each by its disparity
            for channel, values, windows in channels:
                of_left[sample, channel, rows] = (part * windows).sum(dim=0)
                torch.mul(part, values, out=moved)
                torch.sum(wide, dim=0, out=of_right[sample, channel, rows])
        return of_left, of_right[..., border:], None, None


Piece = tuple[int, int, slice]
Channel = tuple[int, Tensor, Tensor]


def _pieces(
    left: Tensor, right: Tensor, num_disp: int, num_groups: int
) -> Iterator[tuple[Piece, Iterator[Channel]]]:
    """Pieces of a volume, and the channels of which each is the sum.

    Yields:
        Sample, group and rows; the channels, each with its number, the left view
        ``(rows, W)`` and windows of the right one ``(M, rows, W)``.
    """
    channels, height, width = left.shape[1:]
    size = channels // num_groups
    count = max(1, _CACHED // (num_disp * width))
    padded = F.pad(right, (num_disp - 1, 0))
    windows = padded.unfold(-1, width, 1).movedim(-2, 2)  # (B, C, M, H, W)
    for sample in range(len(left)):
        for group in range(num_groups):
            members = range(group * size, (group + 1) * size)
            for start in range(0, height, count):
                rows = slice(start, start + count)
                found = (
                    (i, left[sample, i, rows], windows[sample, i, :, rows])
                    for i in members
                )
                yield (sample, group, rows), found


def correlation_volume(left: Tensor, right: Tensor, num_disp: int) -> Tensor:
    """Mean of products of the features of both views, for each disparity.

    Args:
        left: Features of the left view.
        right: Those of the right view.
        num_disp: Number of disparities ``M``, from 0, in pixels of the features.

    Shape:
        left, right: ``(B, C, H, W)``.
        returns: ``(B, M, H, W)``; 0 where the right view has no such pixel.

    Example:
        >>> left, right = torch.ones(1, 2, 1, 3), torch.tensor([[[[1., 2., 3.]]] * 2])
        >>> correlation_volume(left, right.view(1, 2, 1, 3), 2).squeeze().tolist()
        [[1.0, 2.0, 3.0], [0.0, 1.0, 2.0]]
    """
    return group_correlation_volume(left, right, num_disp, 1).squeeze(1)


def _check(left: Tensor, right: Tensor, num_disp: int) -> None:
    if left.shape != right.shape or left.ndim != 4:
        raise DataError(
            'the features of both views are (B, C, H, W) of one shape, got '
            f'{tuple(left.shape)} and {tuple(right.shape)}'
        )
    if num_disp < 1:
        raise DataError(f'num_disp must be at least 1, got {num_disp}')
