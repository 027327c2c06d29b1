"""Several optimizers that act as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class ChainedOptimizer(Optimizer):
    """Several optimizers, each with parameters of its own, that act as one.

    Schedulers, clipping, gradient scaling and checkpoints see one optimizer
    with the parameter groups of all.

    Args:
        optimizers: The optimizers. The defaults of the first stand for all.

    Example:
        >>> a, b = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
        >>> both = ChainedOptimizer(
        ...     [torch.optim.SGD([a], lr=0.5), torch.optim.Adam([b], lr=0.1)])
        >>> (a + b).backward()
        >>> both.step()
        >>> a, b
        (tensor([0.5000], requires_grad=True), tensor([0.9000], requires_grad=True))
    """

    def __init__(self, optimizers: Sequence[Optimizer]) -> None:
        self.optimizers = list(optimizers)
        # Without defaults, so that no group is given settings of another optimizer.
        super().__init__(self._groups(), {})
        self.defaults = dict(self.optimizers[0].defaults)

    def _groups(self) -> list[dict[str, Any]]:
        """The groups themselves, so that a change is seen by their optimizer."""
        return [group for opt in self.optimizers for group in opt.param_groups]

    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Take a step with each.

        Args:
            closure: Computes the loss and its gradients anew, once for all.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for optimizer in self.optimizers:
            optimizer.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The states of all."""
        return dict(optimizers=[opt.state_dict() for opt in self.optimizers])

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the states of all.

        Raises:
            ValueError: if they are of other optimizers.
        """
        states = state_dict.get('optimizers', ())
        if len(states) != len(self.optimizers):
            raise ValueError(
                f'expected the states of {len(self.optimizers)} optimizers, got '
                f'{len(states)}'
            )
        for optimizer, state in zip(self.optimizers, states, strict=True):
            optimizer.load_state_dict(state)
        self.param_groups = self._groups()
