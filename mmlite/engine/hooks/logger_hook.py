"""Lines for the log file and numbers for the visualizer, when they are due."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import LoggerHook as BaseLoggerHook
from mmengine.runner import Runner

from ...registry import HOOKS
from .logging_steps import LogSteps


@HOOKS.register_module()
class LoggerHook(BaseLoggerHook):
    """Writes a log line every few iterations, and after each validation and test.

    Takes the arguments of mmengine's, and writes the same lines; in between it
    does nothing.
    """

    def before_train(self, runner: Runner) -> None:
        """Find out when a line is due."""
        self._steps = LogSteps(runner, self.interval)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Write a line, if it is due."""
        if (
            self._steps.due(batch_idx)
            or (runner.iter + 1) % self.interval_exp_name == 0
        ):
            super().after_train_iter(runner, batch_idx, data_batch, outputs)
