"""Pixels of a batch: pad, crop, choose, on any device and without waiting for it.

Shape:
    Images are ``(B, C, H, W)``, of any type.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ['choose', 'colour_like', 'crop_batch', 'pad_batch', 'scaled']


def scaled(numbers: Tensor, limit: int | Tensor) -> Tensor:
    """Numbers between 0 and 1 as integers from 0 to ``limit - 1``.

    Example:
        >>> scaled(torch.tensor([0.0, 0.34, 0.99]), 3)
        tensor([0, 1, 2])
    """
    # The product may be rounded up to the limit.
    return (numbers * limit).long().clamp(max=limit - 1)


def colour_like(images: Tensor, colour: float | Sequence[float]) -> Tensor:
    """A colour as ``(C, 1, 1)``, of the type of the images.

    As in OpenCV, channels for which there is no value are 0.
    """
    channels = images.size(1)
    if isinstance(colour, (int, float)):
        colour = [colour] * channels
    values = [*colour, *[0] * channels][:channels]
    if not images.is_floating_point():
        values = [round(value) for value in values]
    if len(set(values)) == 1:
        return images.new_full((channels, 1, 1), values[0])
    # Numbers are written on the device; a list would have to be copied to it.
    return torch.stack([images.new_full((1, 1), value) for value in values])


def pad_batch(
    images: Tensor,
    borders: Sequence[int],
    fill: float | Sequence[float] = 0,
    mode: str = 'constant',
) -> Tensor:
    """Add pixels around all images.

    Args:
        images: The images.
        borders: Pixels to add left, top, right and bottom.
        fill: Value of the new pixels, one or one per channel, for the mode
            ``'constant'``.
        mode: A key of ``PADDING_MODES``.

    Example:
        >>> pad_batch(torch.tensor([[[[1, 2, 3]]]]), (2, 0, 1, 0), mode='reflect')
        tensor([[[[3, 2, 1, 2, 3, 2]]]])
    """
    left, top, right, bottom = borders
    if not any(borders):
        return images
    batch, channels, height, width = images.shape
    if mode != 'constant':
        rows = _sources(height, top, bottom, mode, images.device)
        columns = _sources(width, left, right, mode, images.device)
        return images.index_select(2, rows).index_select(3, columns)
    if isinstance(fill, (int, float)) and images.is_contiguous():
        value = fill if images.is_floating_point() else round(fill)
        return F.pad(images, (left, right, top, bottom), value=value)
    size = batch, channels, height + top + bottom, width + left + right
    padded = colour_like(images, fill).expand(size).contiguous()
    padded[:, :, top : top + height, left : left + width] = images
    return padded


def _sources(
    size: int, before: int, after: int, mode: str, device: torch.device
) -> Tensor:
    """Which old pixel each new one along an axis is taken from."""
    place = torch.arange(-before, size + after, device=device)
    if mode == 'edge' or size == 1:
        return place.clamp(0, size - 1)
    # There and back the pixels repeat; the two at the ends only if 'symmetric'.
    back = 2 * size - 1 if mode == 'symmetric' else 2 * size - 2
    place = place % (2 * size if mode == 'symmetric' else back)
    return torch.minimum(place, back - place)


def crop_batch(images: Tensor, y: Tensor, x: Tensor, height: int, width: int) -> Tensor:
    """Cut a window out of each image.

    Args:
        images: The images.
        y: Upper edge of each window, ``(B, )``.
        x: Left edge of each window, ``(B, )``.
        height: Height of all windows.
        width: Width of all windows.

    Example:
        >>> images = torch.arange(8).view(2, 1, 2, 2)
        >>> crop_batch(images, torch.tensor([0, 1]), torch.tensor([1, 0]), 1, 1)
        tensor([[[[1]]],
                [[[6]]]])
    """
    batch, channels, rows, columns = images.shape
    pixels = images.contiguous().view(-1)
    # A line of a window may begin anywhere, so any `width` pixels make a line.
    lines = pixels.as_strided((pixels.numel() - width + 1, width), (1, 1))
    planes = torch.arange(batch * channels, device=images.device) * (rows * columns)
    corners = planes.view(batch, channels) + (y * columns + x).unsqueeze(1)
    below = torch.arange(height, device=images.device) * columns
    chosen = (corners.unsqueeze(2) + below).view(-1)
    return lines.index_select(0, chosen).view(batch, channels, height, width)


def choose(variants: Sequence[Tensor], chosen: Tensor) -> Tensor:
    """Each image from the variant that is chosen for it.

    Args:
        variants: Batches of one shape.
        chosen: Which of them for each image, ``(B, )``.

    Example:
        >>> choose([torch.zeros(2, 1), torch.ones(2, 1)], torch.tensor([1, 0]))
        tensor([[1.],
                [0.]])
    """
    size = len(chosen)
    rows = chosen * size + torch.arange(size, device=chosen.device)
    return torch.cat(list(variants)).index_select(0, rows)
