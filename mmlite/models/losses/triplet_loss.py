"""All triplets of a batch, part by part."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...ops import full_precision
from ...registry import MODELS
from .base_loss import BaseLoss, gather_and_scale_wrapper

__all__ = ['TripletLoss', 'as_parts']


def as_parts(embeddings: Tensor) -> Tensor:
    """Embeddings as float32 with the parts in front, ``(P, B, D)``.

    Args:
        embeddings: ``(B, D, P)``, or ``(B, D)`` of one part.

    Example:
        >>> as_parts(torch.zeros(4, 8)).shape
        torch.Size([1, 4, 8])
    """
    embeddings = embeddings.float()
    if embeddings.ndim == 2:
        return embeddings[None]
    return embeddings.permute(2, 0, 1).contiguous()


@MODELS.register_module()
class TripletLoss(BaseLoss):
    """Batch-all triplet loss: the hinge of every anchor, positive and negative.

    Paper: In Defense of the Triplet Loss for Person Re-Identification,
    https://arxiv.org/abs/1703.07737 (the batch-all loss of section 2, with its mean
    over the terms that are not zero), for each part as in GaitSet,
    https://arxiv.org/abs/1811.06186

    An anchor counts as one of its own positives, as in OpenGait. Identities may come
    any number of times; the loss of an empty batch is 0. Negatives are sorted once for
    each anchor, so that memory grows with the square of the batch, not with its cube.

    Args:
        margin: How much farther than a positive a negative has to be, in Euclidean
            distance.
        loss_term_weight: Factor on the mean over the parts.

    Shape:
        embeddings: ``(B, D, P)``, or ``(B, D)``; labels: ``(B, )``.
        returns: ``(P, )``, and ``hard_loss``, ``loss_num`` and ``mean_dist`` ``(P, )``:
        the largest term, the number of terms that are not zero, and the mean
        distance. Where the loss is the margin and the mean distance 0, all embeddings
        have collapsed to one.

    Example:
        >>> loss = MODELS.build(dict(type='TripletLoss', margin=0.2))
        >>> x = torch.tensor([[0.0], [1.0], [1.5]])
        >>> loss(x, torch.tensor([0, 0, 1]))[0]  # 1 - 0.5 + 0.2 of one triplet
        tensor([0.7000])
    """

    def __init__(self, margin: float = 0.2, loss_term_weight: float = 1.0) -> None:
        super().__init__(loss_term_weight)
        self.margin = margin

    @gather_and_scale_wrapper
    def forward(
        self, embeddings: Tensor, labels: Tensor
    ) -> tuple[Tensor, dict[str, Any]]:
        """The loss of each part."""
        parts = as_parts(embeddings)
        if not parts.size(1):
            return self._of_nothing(parts)
        with full_precision(parts.device):
            dist = torch.cdist(
                parts, parts, compute_mode='donot_use_mm_for_euclid_dist'
            )  # exactly 0 for equal embeddings
        same = (labels[:, None] == labels[None]).to(dist.device)
        total, count = _hinges(dist, same, self.margin)
        loss = total / count.clamp(min=1)
        hardest = _largest(dist.detach(), same, self.margin)
        self.info = dict(
            loss=loss.detach(),
            hard_loss=hardest,
            loss_num=count,
            mean_dist=dist.detach().mean(dim=(1, 2)),
        )
        return loss, self.info

    def _of_nothing(self, parts: Tensor) -> tuple[Tensor, dict[str, Any]]:
        """0 for each part, through which a backward pass can go."""
        loss = parts.sum(dim=(1, 2))
        names = ('loss', 'hard_loss', 'loss_num', 'mean_dist')
        self.info = dict.fromkeys(names, loss.detach())
        return loss, self.info


def _hinges(dist: Tensor, same: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Sum of the terms of each part, and how many are not zero."""
    nearest = dist.masked_fill(same, torch.inf).sort(dim=2).values
    limits = dist + margin
    # Of each limit, how many negatives are below it.
    places = torch.searchsorted(nearest.detach(), limits.detach().contiguous())
    below = places * same
    # In how many terms each negative is. Running sums of the distances would do as
    # well, but have no deterministic version on a GPU.
    ranks = torch.arange(below.size(2), device=below.device).expand_as(below)
    used = below.size(2) - torch.searchsorted(
        below.sort(dim=2).values, ranks.contiguous(), right=True
    )
    finite = nearest.masked_fill(nearest.isinf(), 0)
    terms = (below * limits).sum(dim=2) - (used * finite).sum(dim=2)
    return terms.sum(dim=1), below.sum(dim=(1, 2)).to(dist.dtype)


def _largest(dist: Tensor, same: Tensor, margin: float) -> Tensor:
    """The largest term of each part."""
    farthest = dist.masked_fill(~same, -torch.inf).amax(dim=2)
    nearest = dist.masked_fill(same, torch.inf).amin(dim=2)
    return (farthest - nearest + margin).clamp(min=0).amax(dim=1)
