"""Losses of disparities, over the pixels whose disparity is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from ...errors import DataError, check_at_least
from ...registry import MODELS
from .base_loss import BaseLoss

__all__ = ['DisparityLoss', 'DisparitySequenceLoss', 'masked_mean']

Estimates = Tensor | Sequence[Tensor]


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """The mean of the values that count; 0, with gradients of 0, if none does.

    What does not count is left out, not multiplied by 0: NaN times 0 is NaN.

    Shape:
        values, mask: the same; returns: scalar.

    Example:
        >>> values = torch.tensor([1., 5., float('nan')])
        >>> masked_mean(values, torch.tensor([True, True, False]))
        tensor(3.)
    """
    return values.where(mask, 0).sum() / mask.sum().clamp(min=1)


@MODELS.register_module(
    name=['DisparityLoss', 'Weighted_Smooth_l1_Loss', 'Smooth_l1_Loss']
)
class DisparityLoss(BaseLoss):
    """Smooth L1 loss of one or more estimates of the disparity, weighted.

    Estimates that are coarser than the ground truth are resized to it, not their
    values: all are in px of the images.

    Args:
        weights: Weight of each estimate, from the first to the last; None counts each
            as 1.
        beta: Error in px at which the loss turns from squared to linear.
        loss_term_weight: Factor on the loss.

    Shape:
        disp_ests: ``(B, H, W)`` or ``(B, 1, H, W)`` each, px.
        disp_gt: ``(B, H, W)``, px; mask: the same, bool.

    Raises:
        DataError: if there is not one weight an estimate, or sizes differ.

    Example:
        >>> loss = DisparityLoss(weights=[0.5, 1.0])
        >>> target = torch.tensor([[[1., float('inf')]]])
        >>> ests = [torch.full((1, 1, 2), 3.), torch.full((1, 1, 2), 2.)]
        >>> loss(ests, target, target.isfinite())[0]  # 0.5 * 1.5 + 1.0 * 0.5
        tensor(1.2500)
    """

    promise: ClassVar[str] = 'MaskedLoss'

    def __init__(
        self,
        weights: Sequence[float] | None = None,
        beta: float = 1.0,
        loss_term_weight: float = 1.0,
    ) -> None:
        super().__init__(loss_term_weight)
        self.weights = None if weights is None else tuple(weights)
        check_at_least(0, beta=beta)
        self.beta = beta

    def forward(
        self, disp_ests: Estimates, disp_gt: Tensor, mask: Tensor
    ) -> tuple[Tensor, dict[str, Any]]:
        """The loss, and the mean error of the last estimate."""
        ests = _as_maps(disp_ests, disp_gt)
        weights = self.weights or (1.0,) * len(ests)
        if len(weights) != len(ests):
            raise DataError(
                f'DisparityLoss has {len(weights)} weights, and the model gives '
                f'{len(ests)} estimates; set weights to one for each'
            )
        target = disp_gt.where(mask, 0)
        total = ests[0].new_zeros(())
        for weight, est in zip(weights, ests, strict=True):
            each = F.smooth_l1_loss(
                est.where(mask, 0), target, reduction='none', beta=self.beta
            )
            total = total + weight * masked_mean(each, mask)
        return total, _error(ests[-1], target, mask)


@MODELS.register_module()
class DisparitySequenceLoss(BaseLoss):
    """L1 loss of the estimates of all iterations, the later ones weighing more.

    Paper: RAFT-Stereo: Multilevel Recurrent Field Transforms for Stereo Matching, 3DV
    2021, https://arxiv.org/abs/2109.07547

    Args:
        gamma: Weight of an iteration relative to the next one, where there are sixteen;
            for another number it is adapted, so that the first one always has
            ``gamma**15`` times the weight of the last.
        num_single: Number of estimates at the beginning that count on their own, by
            smooth L1 with the weight 1 (the first disparity of IGEV).
        max_flow: Pixels whose disparity is this large, in px, or larger do not count.
        loss_term_weight: Factor on the loss.

    Shape:
        disp_ests: ``(B, H, W)`` or ``(B, 1, H, W)`` each, px.
        disp_gt: ``(B, H, W)``, px; mask: the same, bool.

    Raises:
        ValueError: if a setting is out of its bounds.

    Example:
        >>> loss = DisparitySequenceLoss(gamma=0.9)
        >>> ests = [torch.full((1, 1, 1), 3.), torch.full((1, 1, 1), 2.)]
        >>> loss(ests, torch.ones(1, 1, 1), torch.ones(1, 1, 1, dtype=torch.bool))[0]
        tensor(1.4118)
    """

    promise: ClassVar[str] = 'MaskedLoss'

    def __init__(
        self,
        gamma: float = 0.9,
        num_single: int = 0,
        max_flow: float = 700,
        loss_term_weight: float = 1.0,
    ) -> None:
        super().__init__(loss_term_weight)
        check_at_least(0, gamma=gamma, num_single=num_single, max_flow=max_flow)
        self.gamma = gamma
        self.num_single = num_single
        self.max_flow = max_flow

    def forward(
        self, disp_ests: Sequence[Tensor], disp_gt: Tensor, mask: Tensor
    ) -> tuple[Tensor, dict[str, Any]]:
        """The loss, and the mean error of the last estimate."""
        ests = _as_maps(disp_ests, disp_gt)
        mask = mask & (disp_gt < self.max_flow)
        target = disp_gt.where(mask, 0)
        total = ests[0].new_zeros(())
        for est in ests[: self.num_single]:
            each = F.smooth_l1_loss(est.where(mask, 0), target, reduction='none')
            total = total + masked_mean(each, mask)
        rest = ests[self.num_single :]
        last = len(rest) - 1
        gamma = self.gamma ** (15 / last) if last > 0 else 1.0
        for i, est in enumerate(rest):
            error = (est.where(mask, 0) - target).abs()
            total = total + gamma ** (last - i) * masked_mean(error, mask)
        return total, _error(ests[-1], target, mask)


def _as_maps(ests: Estimates, target: Tensor) -> list[Tensor]:
    """Estimates ``(B, H, W)`` of the size of the ground truth."""
    maps = []
    for est in [ests] if isinstance(ests, Tensor) else ests:
        if est.ndim == 3:
            est = est.unsqueeze(1)
        if est.ndim != 4 or est.size(1) != 1 or len(est) != len(target):
            raise DataError(
                f'a disparity is (B, H, W) or (B, 1, H, W), got {tuple(est.shape)} for '
                f'a ground truth of {tuple(target.shape)}'
            )
        if est.shape[-2:] != target.shape[-2:]:
            est = F.interpolate(
                est, target.shape[-2:], mode='bilinear', align_corners=False
            )
        maps.append(est.squeeze(1))
    return maps


@torch.no_grad()
def _error(est: Tensor, target: Tensor, mask: Tensor) -> dict[str, Tensor]:
    return dict(epe=masked_mean((est - target).abs(), mask))
