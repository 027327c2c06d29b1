"""What losses per element have in common."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from .utils import check_reduction


class WeightedLoss(nn.Module):
    """Base of losses that compare prediction and ground truth element by element.

    Override:
        compute: hand its arguments to a function under
            :func:`~mmlite.models.losses.utils.weighted_loss`.

    Args:
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        loss_weight: Factor on the result.

    Shape:
        pred, target: ``(B, *)``, the same; weight: the same, or its leading
        dimensions.
        returns: scalar, or ``(B, *)`` for ``'none'``.

    Raises:
        ValueError: if ``reduction`` is unknown.
        DataError: if shapes differ.
    """

    promise: ClassVar[str] = 'ElementwiseLoss'

    def __init__(self, reduction: str = 'mean', loss_weight: float = 1.0) -> None:
        super().__init__()
        self.reduction = check_reduction(reduction)
        self.loss_weight = loss_weight

    def compute(self, pred: Tensor, target: Tensor, **reduction: object) -> Tensor:
        """The weighted and reduced loss, without ``loss_weight``."""
        raise NotImplementedError(f'{type(self).__name__} has to define compute')

    def forward(
        self,
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | Tensor | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """The loss; see the class for shapes.

        Args:
            pred: Prediction.
            target: Ground truth.
            weight: Weight per element, or per entry of the leading dimensions.
            avg_factor: Divisor of the mean, in place of the number of elements.
            reduction_override: Replaces ``reduction`` for this call.
        """
        loss = self.compute(
            pred,
            target,
            weight=weight,
            reduction=reduction_override or self.reduction,
            avg_factor=avg_factor,
        )
        # A factor of 1 would cost a kernel forward, and another one backward.
        return loss if self.loss_weight == 1 else loss * self.loss_weight

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        return f'reduction={self.reduction!r}, loss_weight={self.loss_weight}'
