"""LARS: layer-wise adaptive rates for SGD."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from ...errors import check_at_least
from ...registry import OPTIMIZERS
from .group_steps import GroupwiseOptimizer


@OPTIMIZERS.register_module()
class LARS(GroupwiseOptimizer):
    """SGD whose rate is scaled for each parameter by its norm over its gradient's.

    Paper: Large Batch Training of Convolutional Networks,
    https://arxiv.org/abs/1708.03888. Differs from mmpretrain's in that a negative
    rate is refused, and ``eps`` is saved.

    Args:
        params: Parameters, or groups of them. A group with ``lars_exclude=True`` (a
            key of ``custom_keys``) is updated by plain SGD.
        lr: The learning rate.
        momentum: The momentum.
        weight_decay: The L2 penalty.
        dampening: How much of a gradient the momentum leaves out.
        eta: The trust coefficient.
        nesterov: Whether to use Nesterov's momentum.
        eps: Added to the norm of the gradient.

    Raises:
        ValueError: if a setting is negative, or ``nesterov`` has no momentum.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
        >>> optimizer = LARS([weight], lr=1.0, eta=0.1)
        >>> weight.square().sum().backward()
        >>> optimizer.step()
        >>> weight
        Parameter containing:
        tensor([2.7000, 3.6000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable,
        lr: float,
        momentum: float = 0,
        weight_decay: float = 0,
        dampening: float = 0,
        eta: float = 0.001,
        nesterov: bool = False,
        eps: float = 1e-8,
    ) -> None:
        check_at_least(
            0, lr=lr, momentum=momentum, weight_decay=weight_decay, eta=eta, eps=eps
        )
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError('nesterov needs a momentum, and no dampening')
        defaults = dict(
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            eta=eta,
            eps=eps,
        )
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # of a checkpoint of mmpretrain
            group.setdefault('eps', self.defaults['eps'])

    def update(self, group: dict[str, Any], parameters: Sequence[Tensor]) -> None:
        """Update the parameters of a group."""
        decay, momentum = group['weight_decay'], group['momentum']
        for parameter in parameters:
            change = parameter.grad.add(parameter, alpha=decay)
            change *= group['lr']
            if not group.get('lars_exclude', False):
                change *= _trust(parameter, group)
            if momentum != 0:
                state = self.state[parameter]
                if 'momentum_buffer' not in state:
                    buffer = state['momentum_buffer'] = change.clone()
                else:
                    buffer = state['momentum_buffer']
                    buffer.mul_(momentum).add_(change, alpha=1 - group['dampening'])
                change = (
                    change.add(buffer, alpha=momentum) if group['nesterov'] else buffer
                )
            parameter.sub_(change)


def _trust(parameter: Tensor, group: dict[str, Any]) -> Tensor:
    """The factor of the rate; 1 where the weights or the gradient are all zero."""
    weight = torch.linalg.vector_norm(parameter)
    gradient = torch.linalg.vector_norm(parameter.grad)
    ratio = group['eta'] * weight
    ratio = ratio / (gradient + group['weight_decay'] * weight + group['eps'])
    return torch.where((weight != 0) & (gradient != 0), ratio, torch.ones_like(ratio))
