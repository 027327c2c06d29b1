"""Position embeddings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import isqrt

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.model import BaseModule
from mmengine.utils import to_2tuple
from torch import Tensor, nn

__all__ = [
    'ConditionalPositionEncoding',
    'build_2d_sincos_position_embedding',
    'fit_pos_embed',
    'fourier_positions',
    'resize_pos_embed',
]


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


def fourier_positions(
    size: Sequence[int],
    channels: int,
    temperature: float = 10000.0,
    device: torch.device | None = None,
) -> Tensor:
    """Sines and cosines of the row and of the column, each from 0 to 2 pi.

    Paper: End-to-End Object Detection with Transformers, ECCV 2020,
    https://arxiv.org/abs/2005.12872

    Args:
        size: Rows and columns.
        channels: Number of waves of either.
        temperature: Base of the wave lengths.
        device: Of the result.

    Returns:
        ``(1, 2 * channels, H, W)``, those of the row first.

    Example:
        >>> fourier_positions((2, 3), 4).shape
        torch.Size([1, 8, 2, 3])
    """
    waves = torch.arange(channels, device=device).float()
    waves = temperature ** (2 * waves.div(2, rounding_mode='floor') / channels)
    sides = []
    for length in size:
        place = torch.arange(1, length + 1, device=device).float()
        angle = place / (length + 1e-6) * (2 * math.pi)
        angle = angle[:, None] / waves
        pairs = torch.stack((angle[:, 0::2].sin(), angle[:, 1::2].cos()), dim=2)
        sides.append(pairs.flatten(1).T)  # (channels, length)
    rows, columns = size
    down = sides[0][:, :, None].expand(-1, -1, columns)
    right = sides[1][:, None, :].expand(-1, rows, -1)
    return torch.cat((down, right))[None]


def build_2d_sincos_position_embedding(
    patches_resolution: int | Sequence[int],
    embed_dims: int,
    temperature: float = 10000.0,
    cls_token: bool = False,
) -> Tensor:
    """A fixed position embedding: sines and cosines of the column and the row.

    Paper: An Empirical Study of Training Self-Supervised Vision Transformers,
    ICCV 2021, https://arxiv.org/abs/2104.02057. As in mmpretrain, the first
    half belongs to the outer of the two loops, which is not the row.

    Args:
        patches_resolution: Rows and columns of patches.
        embed_dims: Width ``D``, a multiple of 4.
        temperature: Base of the wave lengths.
        cls_token: Whether zeros for a class token come first.

    Returns:
        ``(1, L, D)``.

    Raises:
        ValueError: if embed_dims is not a multiple of 4.

    Example:
        >>> build_2d_sincos_position_embedding((2, 3), 8).shape
        torch.Size([1, 6, 8])
    """
    if embed_dims % 4:
        raise ValueError(f'embed_dims={embed_dims} must be a multiple of 4')
    rows, columns = to_2tuple(patches_resolution)
    outer = torch.arange(columns, dtype=torch.float32).repeat_interleave(rows)
    inner = torch.arange(rows, dtype=torch.float32).repeat(columns)
    waves = torch.arange(embed_dims // 4, dtype=torch.float32) / (embed_dims // 4)
    waves = 1.0 / temperature**waves
    angles = [place[:, None] * waves for place in (outer, inner)]
    table = torch.cat([f for a in angles for f in (a.sin(), a.cos())], dim=1)[None]
    if cls_token:
        table = torch.cat((table.new_zeros(1, 1, embed_dims), table), dim=1)
    return table


class ConditionalPositionEncoding(BaseModule):
    """Positions that a depthwise convolution sees in the neighbours of a token.

    Paper: Conditional Positional Encodings for Vision Transformers, ICLR 2023,
    https://arxiv.org/abs/2102.10882

    Args:
        in_channels: Width of the tokens.
        embed_dims: Width of the output.
        stride: Of the convolution; with 1 its input is added.
        kernel_size: Of the convolution.
        init_cfg: Config of the initialisation.

    Shape:
        x: ``(B, H * W, in_channels)``; returns ``(B, H' * W', embed_dims)``.

    Example:
        >>> layer = ConditionalPositionEncoding(8, 8)
        >>> layer(torch.zeros(1, 12, 8), (3, 4)).shape
        torch.Size([1, 12, 8])
    """

    def __init__(
        self,
        in_channels: int,
        embed_dims: int = 768,
        stride: int = 1,
        kernel_size: int = 3,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.proj = nn.Conv2d(
            in_channels,
            embed_dims,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            groups=embed_dims,
        )
        self.stride = stride

    def forward(self, x: Tensor, hw_shape: Sequence[int]) -> Tensor:
        """Tokens of a map of ``hw_shape``, with what they see."""
        image = x.transpose(1, 2).unflatten(2, tuple(hw_shape))
        seen = self.proj(image)
        if self.stride == 1:
            seen = seen + image
        return seen.flatten(2).transpose(1, 2)
