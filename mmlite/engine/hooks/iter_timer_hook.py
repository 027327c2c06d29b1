"""How long iterations take, and how much time is left."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from mmengine.hooks import IterTimerHook as BaseIterTimerHook
from mmengine.runner import Runner

from ...registry import HOOKS
from ..history import record
from .logging_steps import LogSteps, log_interval


@HOOKS.register_module()
class IterTimerHook(BaseIterTimerHook):
    """Measures ``time`` and ``data_time`` of iterations, and the time left.

    Differs from mmengine's in that it passes them on only when a log line is
    due, or an epoch ends, and that neither the clock being set nor a loader that
    gives more batches than it says makes the time left negative.
    """

    def __init__(self) -> None:
        super().__init__()
        self._interval = 1
        self._steps: LogSteps | None = None
        self._eta: float | None = None  # of the training
        # Of each mode apart, as a validation may come between two iterations.
        self._pending: dict[str, list[float]] = defaultdict(list)

    def before_train(self, runner: Runner) -> None:
        """Note where training begins."""
        super().before_train(runner)
        self.time_sec_tot = 0
        self._eta = None
        self._pending.clear()
        self._steps = LogSteps(runner)

    def _before_epoch(self, runner: Runner, mode: str = 'train') -> None:
        self._interval = log_interval(runner)
        self.t = time.monotonic()

    def _after_epoch(self, runner: Runner, mode: str = 'train') -> None:
        self._flush(runner, mode)
        if mode != 'train' and self._eta is not None:
            runner.message_hub.update_info('eta', self._eta)
        self.time_sec_test_val = 0
        self.t = time.monotonic()

    def _before_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        mode: str = 'train',
    ) -> None:
        self._pending[f'{mode}/data_time'].append(time.monotonic() - self.t)

    def _after_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | Sequence | None = None,
        mode: str = 'train',
    ) -> None:
        now = time.monotonic()
        self._pending[f'{mode}/time'].append(now - self.t)
        self.t = now
        if mode == 'train':
            if self._steps.due(batch_idx):
                self._flush(runner, mode)
                done = runner.iter + 1 - self.start_iter
                left = max(runner.max_iters - runner.iter - 1, 0)
                self._eta = self.time_sec_tot / done * left
                runner.message_hub.update_info('eta', self._eta)
        elif (batch_idx + 1) % self._interval == 0:
            self._flush(runner, mode)
            loader = getattr(runner, f'{mode}_dataloader')
            # A stream may give more batches than it says.
            left = max(len(loader) - batch_idx - 1, 0)
            eta = self.time_sec_test_val / (batch_idx + 1) * left
            runner.message_hub.update_info('eta', eta)

    def _flush(self, runner: Runner, mode: str) -> None:
        spent = sum(self._pending.get(f'{mode}/time', ()))
        if mode == 'train':
            self.time_sec_tot += spent
        else:
            self.time_sec_test_val += spent
        for kind in ('data_time', 'time'):
            key = f'{mode}/{kind}'
            record(runner.message_hub, key, self._pending.pop(key, []))
