"""Focal loss: a cross entropy per class in which easy elements count less."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from ...errors import check_at_least, check_fraction
from ...ops import at_least_float32
from ...registry import MODELS
from .base import WeightedLoss
from .utils import as_multi_hot, check_same_shape, focused, weighted_loss


@weighted_loss
def sigmoid_focal_loss(
    pred: Tensor, target: Tensor, gamma: float = 2.0, alpha: float = 0.25
) -> Tensor:
    """Binary cross entropy, times how wrong the prediction is to the power of gamma.

    Args:
        pred: Logits.
        target: Ground truth of every class, from 0 to 1.
        gamma: Exponent; 0 gives the weighted cross entropy.
        alpha: Weight of positive elements; negative ones have ``1 - alpha``.

    Shape:
        pred, target: ``(B, K)``, the same.
        returns: scalar, or ``(B, K)`` for ``'none'``.

    Example:
        >>> sigmoid_focal_loss(torch.zeros(1, 1), torch.ones(1, 1), alpha=1.0)
        tensor(0.1733)
    """
    check_same_shape(pred, target)
    pred = at_least_float32(pred)
    target = target.to(pred.dtype)
    score = pred.sigmoid()
    wrong = (1 - score) * target + score * (1 - target)
    balance = alpha * target + (1 - alpha) * (1 - target)
    loss = F.binary_cross_entropy_with_logits(pred, target, reduction='none')
    return loss * balance * focused(wrong, gamma)


@MODELS.register_module()
class FocalLoss(WeightedLoss):
    """Focal loss of a sigmoid per class.

    Paper: Focal Loss for Dense Object Detection, ICCV 2017,
    https://arxiv.org/abs/1708.02002

    Args:
        gamma: Exponent of the weight; larger lets easy elements count less.
        alpha: Weight of positive elements; negative ones have ``1 - alpha``.
        kwargs: Arguments of :class:`WeightedLoss`.

    Shape:
        pred: logits, ``(B, K)``; target: ``(B, K)`` from 0 to 1, or class indices
        ``(B, )``.
        returns: scalar, or ``(B, K)`` for ``'none'``.

    Raises:
        ValueError: if a setting is out of its bounds.

    Example:
        >>> FocalLoss()(torch.zeros(2, 4), torch.tensor([3, 0]))
        tensor(0.1083)
    """

    def __init__(self, gamma: float = 2.0, alpha: float = 0.25, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_at_least(0, gamma=gamma)
        check_fraction(alpha=alpha)
        self.gamma = gamma
        self.alpha = alpha

    def compute(self, pred: Tensor, target: Tensor, **reduction: object) -> Tensor:
        """The weighted and reduced loss."""
        target = as_multi_hot(target, pred)
        return sigmoid_focal_loss(
            pred, target, gamma=self.gamma, alpha=self.alpha, **reduction
        )
