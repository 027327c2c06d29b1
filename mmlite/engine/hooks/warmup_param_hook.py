"""Warm up a setting of a model, e.g. the weight of a loss, from zero."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import ConfigError, check_positive, did_you_mean
from ...registry import HOOKS
from ..checkpoints import unwrapped


@HOOKS.register_module()
class WarmupParamHook(Hook):
    """Lets a setting of a part of the model rise from zero to its value.

    Args:
        param_name: The attribute, e.g. ``'alpha'``.
        module_name: The part that has it, e.g. ``'head.loss_module'``.
        warmup_epochs: In how many epochs it rises.

    Raises:
        ValueError: if ``warmup_epochs`` is not positive.
        ConfigError: when training begins, if the model has no such part or setting.
    """

    def __init__(self, param_name: str, module_name: str, warmup_epochs: int) -> None:
        check_positive(warmup_epochs=warmup_epochs)
        self.param_name = param_name
        self.module_name = module_name
        self.warmup_epochs = warmup_epochs

    def before_train(self, runner: Runner) -> None:
        """Note the value."""
        part = unwrapped(runner.model)
        for name in self.module_name.split('.'):
            if not hasattr(part, name):
                names = dict(part.named_children()) if hasattr(part, 'modules') else {}
                raise ConfigError(
                    f'WarmupParamHook: {type(part).__name__} has no part {name!r}'
                    + did_you_mean(name, names)
                )
            part = getattr(part, name)
        if not hasattr(part, self.param_name):
            raise ConfigError(
                f'WarmupParamHook: {type(part).__name__} has no {self.param_name!r}'
                + did_you_mean(self.param_name, vars(part))
            )
        self._part, self._value = part, getattr(part, self.param_name)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Set the value of this iteration."""
        per_epoch = runner.max_iters / runner.max_epochs
        share = min(1, runner.iter / (self.warmup_epochs * per_epoch))
        setattr(self._part, self.param_name, self._value * share)
