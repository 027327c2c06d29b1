"""Position embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor

__all__ = ['fit_pos_embed', 'resize_pos_embed']


def resize_pos_embed(
    pos_embed: Tensor,
    src_shape: Sequence[int],
    dst_shape: Sequence[int],
    mode: str = 'bicubic',
    num_extra_tokens: int = 1,
) -> Tensor:
    """Interpolate a position embedding to another grid of patches.

    Args:
        pos_embed: ``(1, L, D)``, the extra tokens first.
        src_shape: Rows and columns of patches that it was made for.
        dst_shape: Rows and columns wanted.
        mode: Of ``torch.nn.functional.interpolate``.
        num_extra_tokens: Tokens without a place, which are left as they are.

    Returns:
        ``(1, L', D)``; ``pos_embed`` itself if the shapes are equal.

    Raises:
        ValueError: if ``L`` is not what src_shape and num_extra_tokens say.

    Example:
        >>> resize_pos_embed(torch.zeros(1, 1 + 4, 8), (2, 2), (3, 5)).shape
        torch.Size([1, 16, 8])
    """
    rows, columns = src_shape
    if tuple(src_shape) == tuple(dst_shape):
        return pos_embed
    length = rows * columns + num_extra_tokens
    if pos_embed.ndim != 3 or pos_embed.shape[1] != length:
        raise ValueError(
            f'a position embedding for {rows} x {columns} patches and '
            f'{num_extra_tokens} extra tokens has the shape (1, {length}, D), '
            f'got {tuple(pos_embed.shape)}'
        )
    extra, grid = pos_embed[:, :num_extra_tokens], pos_embed[:, num_extra_tokens:]
    grid = grid.reshape(1, rows, columns, -1).permute(0, 3, 1, 2)
    align = False if mode in ('linear', 'bilinear', 'bicubic', 'trilinear') else None
    # Interpolated in float32: bicubic is not there for half on every device.
    grid = F.interpolate(
        grid.float(), size=tuple(dst_shape), mode=mode, align_corners=align
    ).to(pos_embed.dtype)
    return torch.cat((extra, grid.flatten(2).transpose(1, 2)), dim=1)


def fit_pos_embed(
    state_dict: dict[str, Tensor],
    name: str,
    pos_embed: Tensor,
    patch_resolution: Sequence[int],
    mode: str = 'bicubic',
    num_extra_tokens: int = 1,
) -> None:
    """Fit the position embedding of a checkpoint to a model for another image size.

    One of another model is left as it is; loading it reports both shapes.

    Args:
        state_dict: The entries of the checkpoint; the embedding is replaced here.
        name: Name of the embedding in it.
        pos_embed: That of the model, ``(1, L, D)``.
        patch_resolution: Rows and columns of patches in the model.
        mode: Of ``torch.nn.functional.interpolate``.
        num_extra_tokens: Extra tokens of the model. If it has none, that of a
            checkpoint with a class token is dropped.

    Example:
        >>> state = dict(pos=torch.zeros(1, 1 + 9, 8))
        >>> fit_pos_embed(state, 'pos', torch.zeros(1, 9, 8), (3, 3), 'bicubic', 0)
        >>> state['pos'].shape
        torch.Size([1, 9, 8])
    """
    if name not in state_dict or state_dict[name].shape == pos_embed.shape:
        return
    loaded = state_dict[name]
    if not num_extra_tokens and loaded.shape[1] == pos_embed.shape[1] + 1:
        state_dict[name] = loaded[:, 1:]
        return
    patches = loaded.shape[1] - num_extra_tokens
    side = isqrt(max(patches, 0))
    if side * side != patches or loaded.shape[-1] != pos_embed.shape[-1]:
        return
    state_dict[name] = resize_pos_embed(
        loaded, (side, side), patch_resolution, mode, num_extra_tokens
    )
    print_log(
        f'{name} is resized from {tuple(loaded.shape)} to {tuple(pos_embed.shape)}',
        logger='current',
    )
