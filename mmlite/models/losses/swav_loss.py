"""Predicting the cluster of one view from another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from mmengine.dist import all_reduce
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import check_at_least, check_positive
from ...ops import at_least_float32
from ...registry import MODELS

__all__ = ['SwAVLoss', 'distributed_sinkhorn']


@torch.no_grad()
def distributed_sinkhorn(scores: Tensor, iterations: int, epsilon: float) -> Tensor:
    """Assign samples to prototypes, so that all prototypes get equally many.

    The samples of all processes are assigned together. In float32, and relative to
    the highest score, so that nothing overflows.

    Paper: Sinkhorn Distances: Lightspeed Computation of Optimal Transport, NeurIPS
    2013, https://arxiv.org/abs/1306.0895

    Args:
        scores: Between samples and prototypes, ``(B, K)``.
        iterations: How often rows and columns are normalised.
        epsilon: The less, the nearer to one prototype each.

    Returns:
        The share of each prototype, ``(B, K)``; a row sums to 1.

    Example:
        >>> distributed_sinkhorn(torch.eye(2), iterations=3, epsilon=0.05).round()
        tensor([[1., 0.],
                [0., 1.]])
    """
    scores = scores.float()
    highest = scores.max()
    all_reduce(highest, 'max')
    share = ((scores - highest) / epsilon).exp()
    tiny = torch.finfo(share.dtype).tiny
    for _ in range(iterations):
        prototypes = share.sum(dim=0, keepdim=True)
        all_reduce(prototypes)
        share = share / (prototypes.clamp(min=tiny) * share.size(1))
        share = share / share.sum(dim=1, keepdim=True).clamp(min=tiny)
    return share


@MODELS.register_module()
class SwAVLoss(BaseModule):
    """Predict from each view the prototypes that another view is assigned to.

    Paper: Unsupervised Learning of Visual Features by Contrasting Cluster
    Assignments, NeurIPS 2020, https://arxiv.org/abs/2006.09882

    :class:`~mmlite.engine.hooks.SwAVHook` gives it a queue of earlier features, which
    are assigned together with those of the batch.

    Args:
        feat_dim: Width of the features.
        sinkhorn_iterations: Number of normalisations of the assignment by Sinkhorn and
            Knopp.
        epsilon: Temperature of the assignment: the smaller, the closer to one prototype
            for each sample.
        temperature: What the scores of predictions are divided by.
        crops_for_assign: Indices of the views whose assignments the others predict.
        num_crops: Number of views of each size.
        num_prototypes: Number of prototypes ``K``.
        init_cfg: Config of the initialisation, as in mmengine.

    Attributes:
        queue: Earlier features ``(len(crops_for_assign), length, feat_dim)``, the
            newest first, or None.
        use_queue: Whether the queue is full, and used.

    Shape:
        x: ``(V * B, feat_dim)``, view by view; returns: scalar.

    Raises:
        ValueError: if a number is out of range, or the features are not of so many
            views.

    Example:
        >>> loss = SwAVLoss(feat_dim=4, num_prototypes=3)
        >>> loss(torch.rand(2 * 5, 4)).ndim
        0
    """

    promise: ClassVar[str] = 'PretrainLoss'

    def __init__(
        self,
        feat_dim: int,
        sinkhorn_iterations: int = 3,
        epsilon: float = 0.05,
        temperature: float = 0.1,
        crops_for_assign: Sequence[int] = (0, 1),
        num_crops: Sequence[int] = (2,),
        num_prototypes: int = 3000,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if not isinstance(num_prototypes, int) or num_prototypes < 1:
            raise ValueError(
                f'num_prototypes must be at least 1, got {num_prototypes!r}'
            )
        views = sum(num_crops)
        wrong = [i for i in crops_for_assign if not 0 <= i < views]
        if views < 2 or wrong or not crops_for_assign:
            raise ValueError(
                f'crops_for_assign names views from 0 to {views - 1}, of two at least, '
                f'got {list(crops_for_assign)} with num_crops={list(num_crops)}'
            )
        check_at_least(1, sinkhorn_iterations=sinkhorn_iterations)
        check_positive(epsilon=epsilon, temperature=temperature)
        self.sinkhorn_iterations = sinkhorn_iterations
        self.epsilon = epsilon
        self.temperature = temperature
        self.crops_for_assign = tuple(crops_for_assign)
        self.num_views = views
        self.use_queue = False
        self.queue: Tensor | None = None
        self.prototypes = nn.Linear(feat_dim, num_prototypes, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The mean over the views that are assigned."""
        if len(x) % self.num_views:
            raise ValueError(
                f'SwAVLoss expects the features of {self.num_views} views, as num_crops'
                f' says, got {len(x)} vectors; set model.head.loss.num_crops to the '
                'numbers of views that the pipeline makes'
            )
        with torch.no_grad():
            weight = self.prototypes.weight
            weight.copy_(F.normalize(weight, dim=1))
        scores = self.prototypes(x).unflatten(0, (self.num_views, -1))
        features = x.detach().unflatten(0, (self.num_views, -1))
        likely = (at_least_float32(scores) / self.temperature).log_softmax(dim=-1)
        loss = 0
        for place, view in enumerate(self.crops_for_assign):
            target = self._assign(place, scores[view].detach(), features[view])
            others = [own for v, own in enumerate(likely) if v != view]
            loss = loss - (target * torch.stack(others)).sum(dim=-1).mean()
        return loss / len(self.crops_for_assign)

    @torch.no_grad()
    def _assign(self, place: int, scores: Tensor, features: Tensor) -> Tensor:
        """The assignment of a view, with the queue if that is full."""
        size = len(scores)
        if self.queue is not None:
            queue = self.queue[place]
            self.use_queue = self.use_queue or bool((queue[-1] != 0).any())
            if self.use_queue:
                earlier = queue @ self.prototypes.weight.t()
                scores = torch.cat((earlier.to(scores.dtype), scores))
            newest = torch.cat((features.to(queue.dtype), queue))
            queue.copy_(newest[: len(queue)])
        share = distributed_sinkhorn(scores, self.sinkhorn_iterations, self.epsilon)
        return share[-size:]
