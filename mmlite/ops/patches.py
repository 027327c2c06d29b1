"""Images as patches, and which of them a network is not shown."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import torch
from torch import Tensor

from ..errors import DataError

__all__ = [
    'flat_mask',
    'gather_tokens',
    'hide_tokens',
    'num_kept',
    'patchify',
    'random_keep',
    'separate',
    'split_tokens',
    'square',
    'unpatchify',
]


def patchify(images: Tensor, patch_size: int) -> Tensor:
    """Cut images into patches.

    Args:
        images: ``(B, C, H, W)``.
        patch_size: Pixels of a side of a patch.

    Returns:
        ``(B, L, patch_size * patch_size * C)``, the patches row by row, and in a
        patch its pixels row by row, with the channels of a pixel side by side.

    Raises:
        DataError: if a side of the images is not a multiple of ``patch_size``.

    Example:
        >>> patchify(torch.arange(8.).view(1, 1, 2, 4), 2)
        tensor([[[0., 1., 4., 5.],
                 [2., 3., 6., 7.]]])
    """
    height, width = images.shape[2:]
    if height % patch_size or width % patch_size:
        raise DataError(
            f'images of {height} x {width} pixels cannot be cut into patches of '
            f'{patch_size}; resize them to a multiple of it, or set patch_size'
        )
    rows = images.unflatten(3, (-1, patch_size)).unflatten(2, (-1, patch_size))
    return rows.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


def unpatchify(
    patches: Tensor,
    patch_size: int,
    channels: int = 3,
    grid: Sequence[int] | None = None,
) -> Tensor:
    """Put images together that :func:`patchify` cut.

    Args:
        patches: ``(B, L, patch_size * patch_size * channels)``.
        patch_size: Pixels of a side of a patch.
        channels: Channels of the images.
        grid: Rows and columns of patches; a square if None.

    Returns:
        ``(B, channels, H, W)``.

    Raises:
        DataError: if ``L`` is no square and ``grid`` is not given.

    Example:
        >>> images = torch.rand(2, 3, 8, 12)
        >>> bool((unpatchify(patchify(images, 4), 4, 3, (2, 3)) == images).all())
        True
    """
    rows, columns = square(patches.shape[1]) if grid is None else grid
    pixels = patches.unflatten(2, (patch_size, patch_size, channels))
    pixels = pixels.unflatten(1, (rows, columns)).permute(0, 5, 1, 3, 2, 4)
    return pixels.flatten(4).flatten(2, 3)


def square(length: int) -> tuple[int, int]:
    """Rows and columns of a square grid of ``length`` patches."""
    side = isqrt(length)
    if side * side != length:
        raise DataError(
            f'{length} patches do not form a square grid; state its rows and columns'
        )
    return side, side


def num_kept(length: int, mask_ratio: float) -> int:
    """How many of ``length`` patches are kept: at least one.

    The product is not cut where it is whole but for rounding, as ``10 * (1 - 0.9)``
    is.

    Raises:
        ValueError: if ``mask_ratio`` is not at least 0 and less than 1.

    Example:
        >>> [num_kept(length, ratio) for length, ratio in
        ...  ((196, 0.75), (100, 0.9), (10, 0.9), (4, 0.9))]
        [49, 10, 1, 1]
    """
    if not 0 <= mask_ratio < 1:
        raise ValueError(
            'mask_ratio is the share of the patches that is masked, at least 0 and '
            f'less than 1, got {mask_ratio}'
        )
    return max(1, int(length * (1 - mask_ratio) + 1e-6))


def random_keep(
    batch: int, length: int, mask_ratio: float, device: torch.device | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw which patches of each image are kept.

    Returns:
        The numbers of those kept ``(B, kept)``; where each patch stands among the
        kept and then the masked ones ``(B, L)``; and the mask ``(B, L)``, 0 where a
        patch is kept, 1 where it is masked.

    Example:
        >>> keep, restore, mask = random_keep(2, 16, 0.75)
        >>> keep.shape, mask.sum(dim=1)
        (torch.Size([2, 4]), tensor([12., 12.]))
    """
    noise = torch.rand(batch, length, device=device)
    return split_tokens(noise.argsort(dim=1), num_kept(length, mask_ratio))


def separate(mask: Tensor, kept: int) -> tuple[Tensor, Tensor]:
    """The places where masks are false, and where they are true, each by place.

    Args:
        mask: Of bool, false ``kept`` times in each row.
        kept: This number; to count it would make the host wait for the device.

    Shape:
        mask: ``(B, L)``; returns: ``(B, kept)``, ``(B, L - kept)``.

    Example:
        >>> separate(torch.tensor([[True, False, True]]), 1)
        (tensor([[1]]), tensor([[0, 2]]))
    """
    order = mask.long().argsort(dim=1, stable=True)
    return order[:, :kept], order[:, kept:]


def split_tokens(order: Tensor, kept: int) -> tuple[Tensor, Tensor, Tensor]:
    """As :func:`random_keep`, where the order of the patches is drawn already.

    Args:
        order: The patches in the order of their draw, ``(B, L)``.
        kept: How many of the first are kept.
    """
    restore = order.argsort(dim=1)
    return order[:, :kept], restore, (restore >= kept).float()


def gather_tokens(tokens: Tensor, index: Tensor) -> Tensor:
    """The tokens that ``index`` numbers.

    Args:
        tokens: ``(B, L, *)``.
        index: ``(B, N)``.

    Returns:
        ``(B, N, *)``.
    """
    rest = tokens.shape[2:]
    return tokens.gather(
        1, index.view(*index.shape, *[1] * len(rest)).expand(*index.shape, *rest)
    )


def flat_mask(mask: Tensor, tokens: Tensor) -> Tensor:
    """A mask ``(B, *)`` of tokens ``(B, L, D)`` as ``(B, L)``.

    Raises:
        DataError: if the mask is of another number of tokens.
    """
    hidden = mask.flatten(1)
    if hidden.shape != tokens.shape[:2]:
        raise DataError(
            f'the mask is {tuple(mask.shape)}, but the images have '
            f'{tokens.shape[1]} patches each; set the sizes of the mask generator in '
            'the pipeline to those of the backbone'
        )
    return hidden


def hide_tokens(tokens: Tensor, mask: Tensor, mask_token: Tensor) -> Tensor:
    """Put ``mask_token`` in the place of tokens.

    Args:
        tokens: ``(B, L, D)``.
        mask: ``(B, L)`` or ``(B, rows, columns)``, 1 where a token is hidden.
        mask_token: ``(1, 1, D)``.

    Raises:
        DataError: if the mask is of another number of tokens.

    Example:
        >>> hide_tokens(torch.ones(1, 2, 1), torch.eye(2)[:1], torch.zeros(1, 1, 1))
        tensor([[[0.],
                 [1.]]])
    """
    hidden = flat_mask(mask, tokens)
    return torch.where(hidden[..., None].bool(), mask_token.to(tokens.dtype), tokens)
