"""How far two features point apart."""

from __future__ import annotations

from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from ...ops import at_least_float32
from ...registry import MODELS

__all__ = ['CosineSimilarityLoss']


@MODELS.register_module()
class CosineSimilarityLoss(BaseModule):
    """The mean cosine between predicted and target features, as a loss.

    ``shift_factor - scale_factor * cosine``, averaged over all vectors, or over
    those that the mask names.

    Args:
        shift_factor: The loss of orthogonal features, whose cosine is 0.
        scale_factor: Factor on the cosine, which is subtracted.

    Shape:
        pred, target: ``(*, D)``; mask: ``(*, )``, 0 or 1.
        returns: scalar.

    Example:
        >>> import torch
        >>> loss = CosineSimilarityLoss(shift_factor=2.0, scale_factor=2.0)
        >>> x = torch.eye(2)
        >>> loss(x, 3 * x), loss(x, -x)
        (tensor(0.), tensor(4.))
    """

    promise: ClassVar[str] = 'PretrainLoss'

    def __init__(self, shift_factor: float = 0.0, scale_factor: float = 1.0) -> None:
        super().__init__()
        self.shift_factor = shift_factor
        self.scale_factor = scale_factor

    def forward(
        self, pred: Tensor, target: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """The mean over the vectors."""
        pred, target = at_least_float32(pred), at_least_float32(target)
        cosine = (F.normalize(pred, dim=-1) * F.normalize(target, dim=-1)).sum(dim=-1)
        loss = self.shift_factor - self.scale_factor * cosine
        return loss.mean() if mask is None else (loss * mask).sum() / mask.sum()
