"""What optimizers share that go through their parameters group by group."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

__all__ = ['GroupwiseOptimizer']


class GroupwiseOptimizer(Optimizer):
    """An optimizer that updates one group of parameters after the other.

    Gradients stay as they are, and nothing is read from the device.

    Override:
        update: Update the parameters of one group that have gradients.
    """

    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Take a step.

        Args:
            closure: Computes the loss and its gradients anew.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        with torch.no_grad():
            for group, parameters in self.before_step():
                group['step'] = group.get('step', 0) + 1
                if parameters:
                    self.update(group, parameters)
        return loss

    def before_step(self) -> list[tuple[dict[str, Any], list[Tensor]]]:
        """The groups, each with its parameters that have gradients."""
        return [
            (group, [p for p in group['params'] if p.grad is not None])
            for group in self.param_groups
        ]

    @abstractmethod
    def update(self, group: dict[str, Any], parameters: Sequence[Tensor]) -> None:
        """Update parameters.

        Args:
            group: The settings.
            parameters: Those of the group that have gradients.
        """

    def gradient_norm(self) -> Tensor:
        """The norm of all gradients as one vector, on the device of the first."""
        norms = [
            torch.linalg.vector_norm(p.grad, dtype=torch.float32)
            for group in self.param_groups
            for p in group['params']
            if p.grad is not None
        ]
        device = self.param_groups[0]['params'][0].device
        if not norms:
            return torch.zeros((), device=device)
        return torch.linalg.vector_norm(torch.stack([n.to(device) for n in norms]))
