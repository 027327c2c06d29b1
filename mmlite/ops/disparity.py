"""From what is known of each disparity to disparities, and to more pixels."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .precision import at_least_float32, full_precision

__all__ = [
    'context_upsample',
    'convex_upsample',
    'known_disparity',
    'regress_disparity',
]


def known_disparity(
    disparity: Tensor, valid: Tensor | None = None, max_disp: float | None = None
) -> Tensor:
    """Where a ground truth is known: the pixels of which losses and metrics are.

    Args:
        disparity: The ground truth; not finite where it is unknown.
        valid: Where it is known, which also says whether a 0 is; without it a
            disparity is above 0.
        max_disp: Disparities from there on do not count, in px.

    Shape:
        disparity, valid: the same, px; returns: the same, bool.

    Example:
        >>> disparity = torch.tensor([0., 4., 40., float('inf')])
        >>> known_disparity(disparity).tolist()
        [False, True, True, False]
        >>> known_disparity(disparity, torch.tensor([1, 1, 1, 1]), 16).tolist()
        [True, True, False, False]
    """
    known = disparity.isfinite()
    known &= disparity > 0 if valid is None else valid.bool()
    return known if max_disp is None else known & (disparity < max_disp)


def regress_disparity(logits: Tensor, keepdim: bool = False) -> Tensor:
    """The mean disparity, weighted by a softmax over all of them (soft argmin).

    Paper: End-to-End Learning of Geometry and Context for Deep Stereo Regression, ICCV
    2017, https://arxiv.org/abs/1703.04309

    The sum is a product with a vector: probabilities times disparities, which are as
    large as the volume, are never held. It is computed in float32 at least.

    Args:
        logits: Larger where both views fit better.
        keepdim: Whether to keep the dimension of the disparities.

    Shape:
        logits: ``(B, M, *)``; returns: ``(B, *)``, or ``(B, 1, *)``, px of ``M``.

    Example:
        >>> regress_disparity(torch.tensor([[0., 9e9, 9e9]]))
        tensor([1.5000])
    """
    logits = at_least_float32(logits)
    chances = logits.softmax(dim=1)
    shifts = torch.arange(logits.size(1), dtype=chances.dtype, device=chances.device)
    with full_precision(logits.device):
        means = (shifts @ chances.flatten(2)) if logits.ndim > 2 else chances @ shifts
    if logits.ndim > 2:
        means = means.unflatten(-1, logits.shape[2:])
    return means.unsqueeze(1) if keepdim else means


def convex_upsample(values: Tensor, weights: Tensor, factor: int) -> Tensor:
    """A finer map, each pixel a mean of 3 x 3 coarse ones.

    Paper: RAFT: Recurrent All-Pairs Field Transforms for Optical Flow, ECCV 2020,
    https://arxiv.org/abs/2003.12039

    Args:
        values: The coarse map.
        weights: Logits of the nine neighbours for every fine pixel of a coarse one.
        factor: How many fine pixels there are along a coarse one.

    Shape:
        values: ``(B, 1, H, W)``; weights: ``(B, 9 * factor ** 2, H, W)``.
        returns: ``(B, 1, factor * H, factor * W)``, in the same unit.

    Example:
        >>> weights = torch.zeros(1, 36, 3, 3)
        >>> convex_upsample(torch.ones(1, 1, 3, 3), weights, 2)[0, 0, 2]
        tensor([0.6667, 0.6667, 1.0000, 1.0000, 0.6667, 0.6667])
    """
    batch, _, height, width = values.shape
    shares = weights.unflatten(1, (9, factor * factor)).softmax(dim=1)
    around = F.unfold(values, 3, padding=1).view(batch, 9, 1, height, width)
    return F.pixel_shuffle((shares * around).sum(dim=1), factor)


def context_upsample(values: Tensor, weights: Tensor, factor: int = 4) -> Tensor:
    """A finer map, each pixel a mean of 3 x 3 coarse ones by weights of its own.

    Args:
        values: The coarse map.
        weights: Shares of the nine neighbours, for every fine pixel.
        factor: How many fine pixels there are along a coarse one.

    Shape:
        values: ``(B, 1, H, W)``; weights: ``(B, 9, factor * H, factor * W)``.
        returns: ``(B, 1, factor * H, factor * W)``, in the same unit.

    Example:
        >>> shares = torch.zeros(1, 9, 2, 4).index_fill(1, torch.tensor([4]), 1.)
        >>> context_upsample(torch.tensor([[[[3., 5.]]]]), shares, 2)[0, 0, 1]
        tensor([3., 3., 5., 5.])
    """
    batch, _, height, width = values.shape
    around = F.unfold(values, 3, padding=1).view(batch, 9, height, width)
    fine = F.interpolate(around, scale_factor=factor, mode='nearest')
    return (fine * weights).sum(dim=1, keepdim=True)
