"""Smooth L1: squared near zero, absolute far away."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from ...ops import at_least_float32
from ...registry import MODELS
from .base import WeightedLoss
from .utils import check_same_shape, weighted_loss


@weighted_loss
def smooth_l1_loss(pred: Tensor, target: Tensor, beta: float = 1.0) -> Tensor:
    """Smooth L1, per element before weight and reduction.

    With ``d = |pred - target|``: ``d² / (2 beta)`` where ``d < beta``, else
    ``d - beta / 2``.
    """
    check_same_shape(pred, target)
    pred, target = at_least_float32(pred), at_least_float32(target)
    return F.smooth_l1_loss(pred, target, reduction='none', beta=beta)


@MODELS.register_module()
class SmoothL1Loss(WeightedLoss):
    """Squared error near zero, absolute error far away, weighted per element.

    Paper: Fast R-CNN, ICCV 2015, https://arxiv.org/abs/1504.08083.

    Args:
        beta: Difference at which the loss turns from squared to linear, in units of
            ``pred``.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        loss_weight: Factor on the result.

    Shape:
        pred, target: ``(B, *)``, the same; weight: the same, or its leading
        dimensions.
        returns: scalar, or ``(B, *)`` for ``'none'``.

    Raises:
        ValueError: if ``beta`` is not positive; L1Loss is the limit at 0.

    Example:
        >>> SmoothL1Loss(reduction='none')(torch.tensor([0.5, 3.0]), torch.zeros(2))
        tensor([0.1250, 2.5000])
    """

    def __init__(
        self, beta: float = 1.0, reduction: str = 'mean', loss_weight: float = 1.0
    ) -> None:
        super().__init__(reduction, loss_weight)
        if beta <= 0:
            raise ValueError(f'beta must be positive, got {beta}; L1Loss has no beta')
        self.beta = beta

    def compute(self, pred: Tensor, target: Tensor, **reduction: object) -> Tensor:
        """The weighted and reduced loss, without ``loss_weight``."""
        return smooth_l1_loss(pred, target, beta=self.beta, **reduction)
