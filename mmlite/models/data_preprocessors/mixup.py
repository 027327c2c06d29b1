"""Mixup: blend each image, and its label, with another of the batch."""

from __future__ import annotations

import random

import torch
from torch import Tensor

from ...errors import check_positive
from ...registry import TASK_UTILS


@TASK_UTILS.register_module()
class Mixup:
    """Blend each image of a batch, and its label, with another one.

    Paper: mixup: Beyond Empirical Risk Minimization, ICLR 2018,
    https://arxiv.org/abs/1710.09412.

    The share ``lam`` of the image itself is drawn from ``Beta(alpha, alpha)``,
    once per batch, from Python's :mod:`random`.

    Args:
        alpha: Both parameters of the beta distribution; small values mix
            little.

    Shape:
        batch_inputs: ``(B, C, H, W)``; batch_scores: ``(B, K)``.
        returns: the same two.

    Raises:
        ValueError: if ``alpha`` is not positive.

    Example:
        >>> images, scores = Mixup(alpha=0.8)(torch.rand(4, 3, 8, 8), torch.eye(4))
        >>> scores.sum(dim=1).allclose(torch.ones(4))
        True
    """

    def __init__(self, alpha: float) -> None:
        check_positive(alpha=alpha)
        self.alpha = alpha

    def __call__(
        self, batch_inputs: Tensor, batch_scores: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mix a batch."""
        lam = random.betavariate(self.alpha, self.alpha)
        other = torch.randperm(len(batch_inputs), device=batch_inputs.device)
        return (
            torch.lerp(batch_inputs[other], batch_inputs, lam),
            torch.lerp(batch_scores[other], batch_scores, lam),
        )

    def __repr__(self) -> str:
        return f'{type(self).__name__}(alpha={self.alpha})'
