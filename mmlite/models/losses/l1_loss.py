"""Mean absolute error."""

from __future__ import annotations

from torch import Tensor

from ...ops import at_least_float32
from ...registry import MODELS
from .base import WeightedLoss
from .utils import check_same_shape, weighted_loss


@weighted_loss
def l1_loss(pred: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error, per element before weight and reduction."""
    check_same_shape(pred, target)
    return (at_least_float32(pred) - target).abs()


@MODELS.register_module()
class L1Loss(WeightedLoss):
    """Mean absolute error, weighted per element.

    Args:
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        loss_weight: Factor on the result.

    Shape:
        pred, target: ``(B, *)``, the same; weight: the same, or its leading
        dimensions.
        returns: scalar, or ``(B, *)`` for ``'none'``.

    Example:
        >>> L1Loss()(torch.zeros(2, 3), torch.full((2, 3), 2.0))
        tensor(2.)
    """

    def compute(self, pred: Tensor, target: Tensor, **reduction: object) -> Tensor:
        """The weighted and reduced loss, without ``loss_weight``."""
        return l1_loss(pred, target, **reduction)
