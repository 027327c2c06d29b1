"""Supervised contrastive loss."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ...errors import check_positive
from ...ops import full_precision
from ...registry import MODELS
from .base_loss import BaseLoss, gather_and_scale_wrapper
from .triplet_loss import as_parts

__all__ = ['SupConLoss']


@MODELS.register_module()
class SupConLoss(BaseLoss):
    """Contrast the samples of a class with those of all others.

    Paper: Supervised Contrastive Learning, NeurIPS 2020,
    https://arxiv.org/abs/2004.11362 (equation 2, :math:`L_{out}`), for each part. A
    sample whose class no other has does not count.

    Args:
        temperature: What cosines are divided by; the smaller, the more the hardest
            negatives count.
        loss_term_weight: Factor on the mean over the parts.

    Shape:
        embeddings: ``(B, D, P)``, or ``(B, D)``; labels: ``(B, )``.
        returns: ``(P, )``, and an empty dict.

    Example:
        >>> loss = MODELS.build(dict(type='SupConLoss', temperature=1.0))
        >>> x = torch.eye(3)  # all cosines are 0: two others, equally likely
        >>> loss(x, torch.tensor([0, 0, 1]))[0]
        tensor([0.6931])
    """

    def __init__(
        self, temperature: float = 0.07, loss_term_weight: float = 1.0
    ) -> None:
        super().__init__(loss_term_weight)
        check_positive(temperature=temperature)
        self.temperature = temperature

    @gather_and_scale_wrapper
    def forward(
        self, embeddings: Tensor, labels: Tensor
    ) -> tuple[Tensor, dict[str, Any]]:
        """The loss of each part."""
        parts = F.normalize(as_parts(embeddings), dim=2)
        with full_precision(parts.device):
            scores = parts @ parts.transpose(1, 2) / self.temperature
        itself = torch.eye(len(labels), dtype=torch.bool, device=scores.device)
        same = (labels[:, None] == labels[None]).to(scores.device) & ~itself
        # Not infinity, of which nothing is left where a sample is alone.
        others = scores.masked_fill(itself, torch.finfo(scores.dtype).min)
        chance = scores - others.logsumexp(2, True)
        count = same.sum(dim=1)
        each = -(chance * same).sum(dim=2) / count.clamp(min=1)
        return each.sum(dim=1) / (count > 0).sum().clamp(min=1), self.info
