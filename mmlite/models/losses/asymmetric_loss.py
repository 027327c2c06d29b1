"""Asymmetric loss: positives and negatives of a label are focused apart."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ...errors import check_at_least, check_fraction
from ...ops import at_least_float32
from ...registry import MODELS
from .base import WeightedLoss
from .utils import as_multi_hot, check_same_shape, focused, weighted_loss


@weighted_loss
def asymmetric_loss(
    pred: Tensor,
    target: Tensor,
    gamma_pos: float = 1.0,
    gamma_neg: float = 4.0,
    clip: float | None = 0.05,
    use_sigmoid: bool = True,
    eps: float = 1e-8,
) -> Tensor:
    """Binary cross entropy, focused more on negatives than on positives.

    Args:
        pred: Logits.
        target: Ground truth of every class, from 0 to 1.
        gamma_pos: Exponent of the weight of positive elements.
        gamma_neg: Exponent of the weight of negative elements.
        clip: Negative elements whose score is below it count nothing.
        use_sigmoid: Whether each class is decided on its own, else a softmax.
        eps: Smallest score in the logarithm of an element that is not positive.

    Shape:
        pred, target: ``(B, K)``, the same.
        returns: scalar, or ``(B, K)`` for ``'none'``.

    Example:
        >>> zero, one = torch.zeros(1, 1), torch.ones(1, 1)
        >>> asymmetric_loss(zero, one, gamma_pos=0.0)  # ln 2
        tensor(0.6931)
    """
    check_same_shape(pred, target)
    pred = at_least_float32(pred)
    target = target.to(pred.dtype)
    score = pred.sigmoid() if use_sigmoid else pred.softmax(dim=-1)
    of_negative = 1 - score
    if clip:
        of_negative = (of_negative + clip).clamp(max=1)
    right = of_negative * (1 - target) + score * target
    gamma = gamma_pos * target + gamma_neg * (1 - target)
    log = F.logsigmoid(pred) if use_sigmoid else pred.log_softmax(dim=-1)
    log = torch.where(target == 1, log, right.clamp(min=eps).log())
    return -log * focused(1 - right, gamma)


@MODELS.register_module()
class AsymmetricLoss(WeightedLoss):
    """Asymmetric loss for images with few of many labels.

    Paper: Asymmetric Loss For Multi-Label Classification, ICCV 2021,
    https://arxiv.org/abs/2009.14119

    The logarithm of a positive element has no lower bound, other than in mmpretrain,
    so that an element whose score rounds to 0 still learns.

    Args:
        gamma_pos: Exponent of the focusing weight of positive elements; 0 weighs them
            all alike.
        gamma_neg: Exponent of the focusing weight of negative elements; larger lets
            easy ones count less.
        clip: What is taken off the scores of negative elements, so that those with a
            score below it count nothing; None or 0 takes nothing off.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        loss_weight: Factor on the result.
        use_sigmoid: Whether each class has a sigmoid of its own; otherwise the scores
            are a softmax.
        eps: Lower bound of what the logarithm is taken of, for elements that are not
            entirely positive.

    Shape:
        pred: logits, ``(B, K)``; target: ``(B, K)`` from 0 to 1, or class indices
        ``(B, )``.
        returns: scalar, or ``(B, K)`` for ``'none'``.

    Raises:
        ValueError: if a setting is out of its bounds.

    Example:
        >>> AsymmetricLoss(clip=0.5)(torch.zeros(1, 4), torch.zeros(1, 4))
        tensor(0.)
    """

    def __init__(
        self,
        gamma_pos: float = 0.0,
        gamma_neg: float = 4.0,
        clip: float | None = 0.05,
        reduction: str = 'mean',
        loss_weight: float = 1.0,
        use_sigmoid: bool = True,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(reduction, loss_weight)
        check_at_least(0, gamma_pos=gamma_pos, gamma_neg=gamma_neg, eps=eps)
        check_fraction(clip=clip)
        self.settings: dict[str, Any] = dict(
            gamma_pos=gamma_pos,
            gamma_neg=gamma_neg,
            clip=clip,
            use_sigmoid=use_sigmoid,
            eps=eps,
        )

    def compute(self, pred: Tensor, target: Tensor, **reduction: object) -> Tensor:
        """The weighted and reduced loss."""
        return asymmetric_loss(
            pred, as_multi_hot(target, pred), **self.settings, **reduction
        )
