from torch import Tensor, nn

from mmlite.models.losses import weighted_loss
from mmlite.registry import MODELS


@weighted_loss
def distribution_l1(pred: Tensor, target: Tensor) -> Tensor:
    """Distance of every predicted probability from the wanted one, ``(B, K)``."""
    if pred.shape != target.shape:
        raise ValueError(
            f'pred is {tuple(pred.shape)}, but target is {tuple(target.shape)}; '
            'a distribution has one value per class (gt_score)'
        )
    return (pred.softmax(dim=1) - target).abs()


@MODELS.register_module()
class MyL1Loss(nn.Module):
    """L1 distance of a prediction from a distribution over the classes.

    Args:
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        loss_weight: Factor on the result.
    """

    def __init__(self, reduction: str = 'mean', loss_weight: float = 1.0) -> None:
        super().__init__()
        if reduction not in ('none', 'mean', 'sum'):
            raise ValueError(f'reduction is none, mean or sum, got {reduction!r}')
        self.reduction = reduction
        self.loss_weight = loss_weight

    def forward(
        self,
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        return self.loss_weight * distribution_l1(
            pred,
            target,
            weight,
            reduction=reduction_override or self.reduction,
            avg_factor=avg_factor,
        )
