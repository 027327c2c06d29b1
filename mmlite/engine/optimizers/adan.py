"""Adan: adaptive Nesterov momentum."""

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
class Adan(GroupwiseOptimizer):
    """Adan: Adam with Nesterov momentum, from the difference of successive gradients.

    Paper: Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep
    Models, https://arxiv.org/abs/2208.06677. Differs from mmpretrain's in that
    ``no_prox`` updates weights with ``foreach`` too, each group may have a
    ``max_grad_norm`` of its own, and gradients are left as they were.

    Args:
        params: Parameters, or groups of them.
        lr: The learning rate.
        betas: How much is kept of the averages of gradients, of their changes, and of
            the squares.
        eps: Added to the root of the averaged squares.
        weight_decay: The decay of weights, relative to the rate.
        max_grad_norm: The norm of all gradients together above which they are scaled
            down to it; 0 clips nothing.
        no_prox: Whether weights decay before the step as in AdamW, rather than after
            it.
        foreach: Whether to update all parameters of a group at once, which is faster
            and takes more memory.

    Raises:
        ValueError: if a setting is out of its range.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
        >>> optimizer = Adan([weight], lr=0.1)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        Parameter containing:
        tensor([2.9000, 3.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        betas: tuple[float, float, float] = (0.98, 0.92, 0.99),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        max_grad_norm: float = 0.0,
        no_prox: bool = False,
        foreach: bool = True,
    ) -> None:
        check_at_least(0, lr=lr, eps=eps, max_grad_norm=max_grad_norm)
        if len(betas) != 3 or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f'betas must be three numbers in [0, 1), got {betas!r}')
        defaults = dict(
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            max_grad_norm=max_grad_norm,
            no_prox=no_prox,
            foreach=foreach,
        )
        super().__init__(params, defaults)

    def before_step(self) -> list[tuple[dict[str, Any], list[Tensor]]]:
        """The groups, once the norm of all gradients is known."""
        groups = super().before_step()
        if any(group['max_grad_norm'] for group, _ in groups):
            self._norm = self.gradient_norm()
        return groups

    def update(self, group: dict[str, Any], parameters: Sequence[Tensor]) -> None:
        """Update the parameters of a group."""
        if group['foreach']:
            self._update(group, list(parameters))
            return
        for parameter in parameters:
            self._update(group, [parameter])

    def _update(self, group: dict[str, Any], parameters: list[Tensor]) -> None:
        beta1, beta2, beta3 = group['betas']
        gradients = self._clipped(group, parameters)
        states = [self.state[parameter] for parameter in parameters]
        for state, parameter, gradient in zip(
            states, parameters, gradients, strict=True
        ):
            if not state:
                for name in ('exp_avg', 'exp_avg_sq', 'exp_avg_diff'):
                    state[name] = torch.zeros_like(parameter)
                state['pre_grad'] = gradient
        means, squares, changes, before = (
            [state[name] for state in states]
            for name in ('exp_avg', 'exp_avg_sq', 'exp_avg_diff', 'pre_grad')
        )
        change = torch._foreach_sub(gradients, before)
        ahead = torch._foreach_add(gradients, change, alpha=beta2)
        torch._foreach_mul_(means, beta1)
        torch._foreach_add_(means, gradients, alpha=1 - beta1)
        torch._foreach_mul_(changes, beta2)
        torch._foreach_add_(changes, change, alpha=1 - beta2)
        torch._foreach_mul_(squares, beta3)
        torch._foreach_addcmul_(squares, ahead, ahead, value=1 - beta3)
        for state, gradient in zip(states, gradients, strict=True):
            state['pre_grad'] = gradient

        step, lr = group['step'], group['lr']
        update = torch._foreach_div(means, 1 - beta1**step)
        scale = beta2 / (1 - beta2**step)
        torch._foreach_add_(update, torch._foreach_mul(changes, scale))
        roots = torch._foreach_sqrt(squares)
        torch._foreach_div_(roots, math.sqrt(1 - beta3**step))
        torch._foreach_add_(roots, group['eps'])
        torch._foreach_div_(update, roots)
        decay = lr * group['weight_decay']
        if group['no_prox']:
            torch._foreach_mul_(parameters, 1 - decay)
        torch._foreach_add_(parameters, update, alpha=-lr)
        if not group['no_prox']:
            torch._foreach_div_(parameters, 1 + decay)

    def _clipped(
        self, group: dict[str, Any], parameters: Sequence[Tensor]
    ) -> list[Tensor]:
        """Copies of the gradients, which the next step needs too."""
        gradients = [parameter.grad for parameter in parameters]
        if not group['max_grad_norm']:
            return [gradient.clone() for gradient in gradients]
        scale = group['max_grad_norm'] / (self._norm + group['eps'])
        scale = scale.clamp(max=1.0)
        return [gradient * scale.to(gradient.device) for gradient in gradients]
