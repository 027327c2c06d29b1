"""Compute the features of a gallery anew before each validation."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...registry import HOOKS
from ..checkpoints import unwrapped


@HOOKS.register_module()
class PrepareProtoBeforeValLoopHook(Hook):
    """Lets a retriever compute the features of its gallery anew for each validation.

    It asks the model to ``prepare_prototype()``, if it has that method, after other
    hooks have put the weights in place that are validated, e.g. an average.
    """

    priority = 'LOW'

    def before_val_epoch(self, runner: Runner) -> None:
        """Compute the features."""
        model = unwrapped(runner.model)
        if hasattr(model, 'prepare_prototype'):
            model.prepare_prototype()
        else:
            runner.logger.warning(
                f'PrepareProtoBeforeValLoopHook: {type(model).__name__} has no '
                'prepare_prototype, so that there is nothing to prepare'
            )
