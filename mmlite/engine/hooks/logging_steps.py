"""When a log line is due, so that hooks gather their values just before."""

from __future__ import annotations

from mmengine.hooks import LoggerHook
from mmengine.runner import EpochBasedTrainLoop, Runner

_DEFAULT = 50


def log_interval(runner: Runner) -> int:
    """Iterations between log lines."""
    for hook in runner.hooks:
        if isinstance(hook, LoggerHook):
            return hook.interval
    return _DEFAULT


class LogSteps:
    """Says after which iterations of a training a log line is due.

    Args:
        runner: A runner about to train.
        interval: Iterations between lines; by default those of the log.
    """

    def __init__(self, runner: Runner, interval: int | None = None) -> None:
        self.interval = interval or log_interval(runner)
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        self._epoch = len(runner.train_dataloader) if by_epoch else 0
        self._last = runner.max_iters

    def due(self, batch_idx: int) -> bool:
        """Whether training logs after this iteration, or ends its epoch with it."""
        done = batch_idx + 1
        # In a loop by iterations, the index of the batch is that of the iteration.
        return done % self.interval == 0 or done == self._epoch or done == self._last
