"""The loss of CAE."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import check_at_least
from ...ops import at_least_float32
from ...registry import MODELS

__all__ = ['CAELoss']


@MODELS.register_module()
class CAELoss(nn.Module):
    """Cross entropy of visual words, and how far predicted features are off.

    Paper: Context Autoencoder for Self-Supervised Representation Learning, IJCV 2023,
    https://arxiv.org/abs/2202.03026

    Args:
        lambd: Factor on the second loss, that of the features.

    Shape:
        logits: ``(N, K)``; target: ``(N, )``.
        latent_pred, latent_target: ``(*, D)``, the same; the target gets no gradient.
        returns: two scalars.

    Raises:
        ValueError: if a setting is out of its bounds.

    Example:
        >>> import torch
        >>> feats = torch.zeros(1, 4)
        >>> CAELoss(2)(torch.zeros(1, 4), torch.tensor([0]), feats, feats + 1)[1]
        tensor(2.)
    """

    promise: ClassVar[str] = 'PretrainLoss'

    def __init__(self, lambd: float) -> None:
        super().__init__()
        check_at_least(0, lambd=lambd)
        self.lambd = lambd

    def forward(
        self, logits: Tensor, target: Tensor, latent_pred: Tensor, latent_target: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The loss of the words, and that of the features."""
        pred, wanted = at_least_float32(latent_pred), at_least_float32(latent_target)
        align = F.mse_loss(pred, wanted.detach()) * self.lambd
        return F.cross_entropy(at_least_float32(logits), target), align
