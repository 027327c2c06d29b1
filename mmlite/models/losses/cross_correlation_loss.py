"""How far a cross-correlation matrix is from the identity."""

from __future__ import annotations

from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor

from ...errors import check_at_least
from ...ops import at_least_float32
from ...registry import MODELS

__all__ = ['CrossCorrelationLoss']


@MODELS.register_module()
class CrossCorrelationLoss(BaseModule):
    """The distance of a cross-correlation matrix from the identity.

    Paper: Barlow Twins: Self-Supervised Learning via Redundancy Reduction, ICML 2021,
    https://arxiv.org/abs/2103.03230

    Args:
        lambd: Weight of the elements off the diagonal.

    Shape:
        cross_correlation_matrix: ``(D, D)``; returns: scalar.

    Raises:
        ValueError: if the matrix is not square.

    Example:
        >>> import torch
        >>> CrossCorrelationLoss(lambd=0.5)(torch.tensor([[1.0, 2.0], [0.0, 0.0]]))
        tensor(3.)
    """

    promise: ClassVar[str] = 'PretrainLoss'

    def __init__(self, lambd: float = 0.0051) -> None:
        super().__init__()
        check_at_least(0, lambd=lambd)
        self.lambd = lambd

    def forward(self, cross_correlation_matrix: Tensor) -> Tensor:
        """The squared distances, summed."""
        matrix = at_least_float32(cross_correlation_matrix)
        if matrix.ndim != 2 or matrix.size(0) != matrix.size(1):
            raise ValueError(
                'CrossCorrelationLoss takes a square matrix, got '
                f'{tuple(matrix.shape)}; both views must have features of one width'
            )
        diagonal = matrix.diagonal()
        on = (diagonal - 1).square().sum()
        off = (matrix - diagonal.diag()).square().sum()
        return on + self.lambd * off
