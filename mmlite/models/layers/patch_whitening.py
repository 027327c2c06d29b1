"""A first layer that whitens small patches of the image."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import check_at_least

__all__ = ['PatchWhitening', 'patch_moments', 'whitening_filters']

_CHUNK = 256  # images; unfolding all at once would multiply their memory


def patch_moments(images: Tensor, kernel_size: int) -> Tensor:
    """The mean of the outer product of every patch with itself, in float64.

    Shape:
        images: ``(B, C, H, W)``; returns: ``(D, D)``, ``D`` being
        ``C * kernel_size ** 2``.
    """
    total, count = 0.0, 0
    for chunk in images.float().split(_CHUNK):
        patches = F.unfold(chunk, kernel_size)  # (B, D, L)
        total = total + (patches @ patches.mT).sum(0).double()
        count += len(patches) * patches.size(2)
    return total / count


def whitening_filters(moments: Tensor, eps: float = 0.0) -> Tensor:
    """Filters whose answers to the patches are uncorrelated and of mean square 1.

    Args:
        moments: What :func:`patch_moments` gives.
        eps: Added to the variances, so that the faintest are not blown up.

    Shape:
        moments: ``(D, D)``; returns: ``(D, D)``, a filter a row, the strongest
        component first.

    Example:
        >>> whitening_filters(torch.tensor([[4.0, 0.0], [0.0, 1.0]])).abs()
        tensor([[0.5000, 0.0000],
                [0.0000, 1.0000]])
    """
    variances, directions = torch.linalg.eigh(moments)
    filters = directions.T / (variances.clamp(min=0) + eps).sqrt()[:, None]
    return filters.flip(0)


class PatchWhitening(nn.Module):
    """A convolution that whitens patches, and is computed rather than learned.

    Paper: 94% on CIFAR-10 in 3.29 Seconds on a Single GPU,
    https://arxiv.org/abs/2404.00498 (section 3.2).

    The filters are the principal components of the patches, scaled to a mean
    square of 1, and the same with the opposite sign, so that an activation
    behind it loses nothing. They are a buffer: :meth:`init_from_images` sets
    them once, the optimizer never. Only the bias is learned. Until then they
    are random.

    Args:
        in_channels: Channels ``C`` of the image.
        kernel_size: Edge of a patch.
        eps: Added to the variances of the components.

    Shape:
        x: ``(B, C, H, W)``.
        returns: ``(B, 2 C kernel_size ** 2, H - kernel_size + 1, ...)``.

    Example:
        >>> layer = PatchWhitening(in_channels=3)
        >>> images = torch.rand(8, 3, 16, 16)
        >>> layer.init_from_images(images)
        >>> out = layer(images).detach()
        >>> out.shape
        torch.Size([8, 24, 15, 15])
        >>> bool((out.square().mean(dim=(0, 2, 3)) - 1).abs().max() < 0.01)
        True
    """

    def __init__(
        self, in_channels: int, kernel_size: int = 2, eps: float = 5e-4
    ) -> None:
        super().__init__()
        check_at_least(1, kernel_size=kernel_size)
        check_at_least(0, eps=eps)
        self.in_channels = in_channels
        self.kernel_size = kernel_size
        self.eps = eps
        size = in_channels * kernel_size**2
        shape = (2 * size, in_channels, kernel_size, kernel_size)
        self.register_buffer('weight', torch.empty(shape))
        self.bias = nn.Parameter(torch.zeros(2 * size))
        self._set_filters(torch.randn(size, size) / math.sqrt(size))

    @property
    def out_channels(self) -> int:
        """Number of filters, both signs counted."""
        return self.weight.size(0)

    def forward(self, x: Tensor) -> Tensor:
        """Filter the images."""
        return F.conv2d(x, self.weight, self.bias)

    @torch.no_grad()
    def init_from_images(self, images: Tensor) -> None:
        """Compute the filters from images as the layer will see them.

        Args:
            images: A few thousand training images, normalised, on any device.

        Shape:
            images: ``(B, C, H, W)``.

        Raises:
            ValueError: if they have another number of channels.
        """
        if images.ndim != 4 or images.size(1) != self.in_channels:
            raise ValueError(
                f'PatchWhitening expects images (B, {self.in_channels}, H, W), got '
                f'{tuple(images.shape)}'
            )
        # Twelve numbers or so: on the CPU they are the same on every machine.
        moments = patch_moments(images, self.kernel_size).cpu()
        self._set_filters(whitening_filters(moments, self.eps))

    @torch.no_grad()
    def _set_filters(self, filters: Tensor) -> None:
        shape = (-1, *self.weight.shape[1:])
        self.weight.copy_(torch.cat((filters, -filters)).view(shape))

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        return (
            f'{self.in_channels}, {self.out_channels}, '
            f'kernel_size={self.kernel_size}, eps={self.eps}'
        )
