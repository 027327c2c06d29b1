"""Seesaw loss: a cross entropy in which frequent classes suppress rare ones less."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import DataError, check_at_least
from ...ops import at_least_float32
from ...registry import MODELS
from .cross_entropy_loss import cross_entropy
from .utils import check_reduction


def seesaw_weights(
    pred: Tensor,
    labels: Tensor,
    counts: Tensor,
    p: float = 0.8,
    q: float = 2.0,
    eps: float = 1e-2,
) -> Tensor:
    """The factor by which each class suppresses the class of each sample.

    Args:
        pred: Logits.
        labels: Class indices.
        counts: How many samples of each class there were so far.
        p: Exponent by which a class is eased that is rarer than the sample's.
        q: Exponent by which a class is pressed that scores higher than the sample's.
        eps: Smallest score to divide by.

    Shape:
        pred: ``(B, K)``; labels: ``(B, )``; counts: ``(K, )``.
        returns: ``(B, K)``.

    Example:
        >>> counts, label = torch.tensor([4.0, 1.0]), torch.tensor([0])
        >>> seesaw_weights(torch.zeros(1, 2), label, counts, p=0.5)
        tensor([[1.0000, 0.5000]])
    """
    weights = torch.ones_like(pred)
    if p > 0:
        known = counts.clamp(min=1)
        weights = weights * (known[None] / known[labels][:, None]).clamp(max=1).pow(p)
    if q > 0:
        scores = pred.detach().softmax(dim=1)
        own = scores.gather(1, labels[:, None]).clamp(min=eps)
        weights = weights * (scores / own).clamp(min=1).pow(q)
    return weights


@MODELS.register_module()
class SeesawLoss(nn.Module):
    """Seesaw loss for classes of very different frequencies.

    Paper: Seesaw Loss for Long-Tailed Instance Segmentation, CVPR 2021,
    https://arxiv.org/abs/2008.10032

    The samples of each class are counted while training, and kept in checkpoints.

    Args:
        use_sigmoid: Only False is possible; the argument is there because mmpretrain
            has it.
        p: Exponent of the mitigation factor: the larger, the less a sample pushes down
            classes that are rarer than its own; 0 has no such factor.
        q: Exponent of the compensation factor: the larger, the more a sample pushes
            down classes that score higher than its own; 0 has no such factor.
        num_classes: Number of classes ``K``.
        eps: Lower bound of the score of the own class, which others are divided by.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        loss_weight: Factor on the result.

    Shape:
        cls_score: ``(B, K)``; labels: ``(B, )``; weight: ``(B, )``.
        returns: scalar, or ``(B, )`` for ``'none'``.

    Raises:
        ValueError: with ``use_sigmoid``, or if ``reduction`` is unknown.
        DataError: if the number of scores is not that of the classes, or that of the
            labels not that of the rows.

    Example:
        >>> SeesawLoss(num_classes=2)(torch.zeros(2, 2), torch.tensor([0, 1]))
        tensor(0.6931)
    """

    promise: ClassVar[str] = 'ElementwiseLoss'

    def __init__(
        self,
        use_sigmoid: bool = False,
        p: float = 0.8,
        q: float = 2.0,
        num_classes: int = 1000,
        eps: float = 1e-2,
        reduction: str = 'mean',
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if use_sigmoid:
            raise ValueError('SeesawLoss is of a softmax; set use_sigmoid=False')
        check_at_least(0, p=p, q=q, eps=eps)
        self.p = p
        self.q = q
        self.num_classes = num_classes
        self.eps = eps
        self.reduction = check_reduction(reduction)
        self.loss_weight = loss_weight
        self.register_buffer('cum_samples', torch.zeros(num_classes))

    def forward(
        self,
        cls_score: Tensor,
        labels: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | Tensor | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """The loss; see the class for shapes.

        Args:
            cls_score: Logits.
            labels: Class indices.
            weight: Weight per sample.
            avg_factor: Divisor of the mean, in place of the number of samples.
            reduction_override: Replaces ``reduction`` for this call.
        """
        if cls_score.size(-1) != self.num_classes or labels.is_floating_point():
            raise DataError(
                f'SeesawLoss takes class indices and {self.num_classes} scores a '
                f'sample, got {labels.dtype} and {cls_score.size(-1)} scores; set '
                'num_classes of the loss to that of the head, without mixed labels'
            )
        if len(cls_score) != len(labels):
            raise DataError(
                f'SeesawLoss takes one label a row of scores, got {len(labels)} labels '
                f'for {len(cls_score)} rows'
            )
        pred = at_least_float32(cls_score)
        if self.training:
            ones = torch.ones_like(labels, dtype=self.cum_samples.dtype)
            self.cum_samples.index_add_(0, labels, ones)
        weights = seesaw_weights(
            pred, labels, self.cum_samples, self.p, self.q, self.eps
        )
        others = 1 - F.one_hot(labels, self.num_classes)
        loss = cross_entropy(
            pred + weights.log() * others,
            labels,
            weight,
            reduction_override or self.reduction,
            avg_factor,
        )
        return loss if self.loss_weight == 1 else loss * self.loss_weight
