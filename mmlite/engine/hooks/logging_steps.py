"""When a log line is due, so that hooks gather their values just before."""

from __future__ import annotations

from mmengine.hooks import LoggerHook
from mmengine.runner import Runner

_DEFAULT = 50


def log_interval(runner: Runner) -> int:
    """Iterations between log lines."""
    for hook in runner.hooks:
        if isinstance(hook, LoggerHook):
            return hook.interval
    return _DEFAULT


def log_due(runner: Runner, batch_idx: int, interval: int) -> bool:
    """Whether training logs after this iteration, or ends its epoch with it."""
    return (
        (batch_idx + 1) % interval == 0
        or batch_idx + 1 == len(runner.train_dataloader)
        or runner.iter + 1 == runner.max_iters
    )
