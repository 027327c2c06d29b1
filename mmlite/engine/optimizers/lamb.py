"""LAMB: layer-wise adaptive rates for Adam."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from ...errors import check_at_least
from ...registry import OPTIMIZERS
from .group_steps import GroupwiseOptimizer


@OPTIMIZERS.register_module()
class Lamb(GroupwiseOptimizer):
    """AdamW whose update is scaled for each parameter to the norm of its weights.

    Paper: Large Batch Optimization for Deep Learning: Training BERT in 76 minutes,
    https://arxiv.org/abs/1904.00962. Differs from mmpretrain's in that each group may
    have a ``max_grad_norm`` of its own, None clips nothing, and gradients are left as
    they were.

    Args:
        params: Parameters, or groups of them.
        lr: The learning rate.
        bias_correction: Whether to make up for averages that begin at zero.
        betas: How much is kept of the averages of gradients and of their squares.
        eps: Added to the root of the averaged squares.
        weight_decay: The decay of weights, relative to the rate.
        grad_averaging: Whether a gradient counts by ``1 - betas[0]`` rather than 1.
        max_grad_norm: The norm of all gradients together above which they are scaled
            down to it.
        trust_clip: Whether updates are scaled down only, never up.
        always_adapt: Whether to scale updates of weights that do not decay, too.

    Raises:
        ValueError: if a setting is negative, or gradients are sparse.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
        >>> optimizer = Lamb([weight], lr=0.1, weight_decay=0.0, always_adapt=True)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        Parameter containing:
        tensor([2.6464, 3.6464], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        bias_correction: bool = True,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.01,
        grad_averaging: bool = True,
        max_grad_norm: float | None = 1.0,
        trust_clip: bool = False,
        always_adapt: bool = False,
    ) -> None:
        check_at_least(0, lr=lr, eps=eps, weight_decay=weight_decay)
        defaults = dict(
            lr=lr,
            bias_correction=bias_correction,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            grad_averaging=grad_averaging,
            max_grad_norm=max_grad_norm,
            trust_clip=trust_clip,
            always_adapt=always_adapt,
        )
        super().__init__(params, defaults)

    def before_step(self) -> list[tuple[dict[str, Any], list[Tensor]]]:
        """The groups, once the norm of all gradients is known."""
        groups = super().before_step()
        if any(p.grad.is_sparse for _, parameters in groups for p in parameters):
            raise ValueError('Lamb takes no sparse gradients; SparseAdam does')
        if any(group['max_grad_norm'] is not None for group, _ in groups):
            self._norm = self.gradient_norm()
        return groups

    def update(self, group: dict[str, Any], parameters: Sequence[Tensor]) -> None:
        """Update the parameters of a group."""
        beta1, beta2 = group['betas']
        corrections = (1.0, 1.0)
        if group['bias_correction']:
            step = group['step']
            corrections = (1 - beta1**step, math.sqrt(1 - beta2**step))
        decay = group['weight_decay']
        for parameter in parameters:
            gradient = parameter.grad
            if group['max_grad_norm'] is not None:
                excess = (self._norm / group['max_grad_norm']).clamp(min=1.0)
                gradient = gradient / excess.to(gradient.device)
            state = self.state[parameter]
            if not state:
                state['exp_avg'] = torch.zeros_like(parameter)
                state['exp_avg_sq'] = torch.zeros_like(parameter)
            mean, square = state['exp_avg'], state['exp_avg_sq']
            part = 1 - beta1 if group['grad_averaging'] else 1.0
            mean.mul_(beta1).add_(gradient, alpha=part)
            square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            change = mean / corrections[0]
            change /= (square.sqrt() / corrections[1]).add_(group['eps'])
            if decay != 0:
                change.add_(parameter, alpha=decay)
            if decay != 0 or group['always_adapt']:
                change *= _trust(parameter, change, group['trust_clip'])
            parameter.sub_(change, alpha=group['lr'])


def _trust(parameter: Tensor, change: Tensor, clip: bool) -> Tensor:
    """Norm of the weights over that of the update; 1 where one of them is zero."""
    weight = torch.linalg.vector_norm(parameter)
    update = torch.linalg.vector_norm(change)
    one = torch.ones_like(weight)
    ratio = torch.where((weight > 0) & (update > 0), weight / update, one)
    return torch.minimum(ratio, one) if clip else ratio
