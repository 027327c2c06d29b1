"""The dense loss of DenseCL, from some iteration on."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import ConfigError
from ...registry import HOOKS
from ..checkpoints import unwrapped


@HOOKS.register_module()
class DenseCLHook(Hook):
    """Keeps ``model.loss_lambda`` at zero in the first iterations.

    Paper: Dense Contrastive Learning for Self-Supervised Visual Pre-Training,
    https://arxiv.org/abs/2011.09157.

    Args:
        start_iters: The number of these iterations.

    Raises:
        ConfigError: when training begins, if the model has no ``loss_lambda``.
    """

    def __init__(self, start_iters: int = 1000) -> None:
        self.start_iters = start_iters

    def before_train(self, runner: Runner) -> None:
        """Note the value."""
        model = unwrapped(runner.model)
        if not hasattr(model, 'loss_lambda'):
            raise ConfigError(
                f'DenseCLHook: {type(model).__name__} has no loss_lambda; the hook is '
                'for DenseCL'
            )
        self.loss_lambda = model.loss_lambda

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Set the value of this iteration."""
        begun = runner.iter >= self.start_iters
        unwrapped(runner.model).loss_lambda = self.loss_lambda if begun else 0.0
