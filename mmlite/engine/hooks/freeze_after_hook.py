"""Stop learning some parameters in the course of training."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn
from torch.optim import Optimizer

from ...errors import ConfigError, Problem
from ...registry import HOOKS
from ..checkpoints import unwrapped


@HOOKS.register_module()
class FreezeAfterHook(Hook):
    """Freezes parameters after some epochs, or from the beginning.

    They keep their values from then on: neither the optimizer nor its weight
    decay or momentum moves them. A resumed training finds them frozen.

    Args:
        params: Regular expressions; a parameter is meant if one is found in its
            name, e.g. ``'whiten.bias$'``.
        epochs: Passes over the data after which to freeze; also in training by
            iterations.
        iters: Iterations after which to freeze, in place of ``epochs``.

    Raises:
        ValueError: if not one of ``epochs`` and ``iters`` is given, or an expression is
            not valid.
        ConfigError: if no parameter is meant.

    Example:
        >>> hook = FreezeAfterHook('bias', epochs=3)
        >>> [name for name, _ in hook.chosen(nn.Linear(2, 2))]
        ['bias']
    """

    def __init__(
        self,
        params: str | Sequence[str],
        epochs: int | None = None,
        iters: int | None = None,
    ) -> None:
        if (epochs is None) == (iters is None) or min(epochs or 0, iters or 0) < 0:
            raise ValueError(
                'set either epochs or iters, to 0 or more, got '
                f'epochs={epochs} and iters={iters}'
            )
        self.params = (params,) if isinstance(params, str) else tuple(params)
        try:
            self._patterns = [re.compile(pattern) for pattern in self.params]
        except re.error as error:
            message = f'{error.pattern!r} is not a regular expression: {error}'
            raise ValueError(message) from error
        self.epochs = epochs
        self.iters = iters
        self._due: int | None = None
        self._frozen: list[nn.Parameter] = []

    def chosen(self, model: nn.Module) -> list[tuple[str, nn.Parameter]]:
        """The parameters that are meant, with their names."""
        return [
            (name, parameter)
            for name, parameter in model.named_parameters()
            if any(pattern.search(name) for pattern in self._patterns)
        ]

    def before_train(self, runner: Runner) -> None:
        """Check that there is something to freeze, and when."""
        if not self.chosen(unwrapped(runner.model)):
            message = f'FreezeAfterHook finds no parameter for {list(self.params)}'
            raise ConfigError([Problem('custom_hooks', message)])
        self._due = self.iters
        if self._due is None:
            self._due = self.epochs * len(runner.train_dataloader)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Freeze, once it is time."""
        if self._due is not None and runner.iter >= self._due:
            self._due = None
            self._freeze(runner)

    def _freeze(self, runner: Runner) -> None:
        found = self.chosen(unwrapped(runner.model))
        self._frozen = [parameter for _, parameter in found]
        for parameter in self._frozen:
            parameter.grad = None
        if is_model_wrapper(runner.model):
            # The processes exchange the gradients that they began with; these are
            # still computed, and then left unused.
            optimizer = runner.optim_wrapper.optimizer
            optimizer.register_step_pre_hook(self._drop_gradients)
        else:
            for parameter in self._frozen:
                parameter.requires_grad_(False)
        names = ', '.join(name for name, _ in found)
        runner.logger.info(f'frozen after {runner.iter} iterations: {names}')

    def _drop_gradients(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        for parameter in self._frozen:
            parameter.grad = None
