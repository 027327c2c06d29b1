"""The progress of a run, on the terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import EpochBasedTrainLoop, Runner

from ...registry import HOOKS
from ...report import leading, measured, why_unmeasured
from ..checkpoints import unwrapped
from ..classes import classes_of
from ..dataloaders import batch_size_of
from ..terminal import STATUS_LINE, say
from .logging_steps import LogSteps, log_interval

_MOST_RESULTS = 6  # in one line
_BAR_SECONDS = 0.1
_BAR_WIDTH = 16


@HOOKS.register_module()
class ProgressHook(Hook):
    """Shows what is trained, its progress, and the results.

    On a terminal there is a bar with epoch, iteration, loss, learning rate,
    speed, memory and time left; elsewhere, e.g. in a file, a plain line now and
    then. Losses are those of the last log line.

    Args:
        line_seconds: Seconds between plain lines, at least.
    """

    priority = 'LOW'

    def __init__(self, line_seconds: float = 10.0) -> None:
        self.line_seconds = line_seconds
        self._interval = 1
        self._steps: LogSteps | None = None
        self._by_epoch = True
        self._training = False
        self._next_bar = 0.0
        self._next_line = 0.0
        self._started = 0.0
        self._said: dict[str, str] = {}

    def before_run(self, runner: Runner) -> None:
        """Report what is about to run."""
        for name, text in self.summary(runner):
            if self._said.get(name) != text:  # by a run of this runner before
                say(runner.logger, f'{name:<9} {text}')
            self._said[name] = text

    def summary(self, runner: Runner) -> list[tuple[str, str]]:
        """What is about to run: names and facts.

        Args:
            runner: The runner.
        """
        return _summary(runner)

    def before_train(self, runner: Runner) -> None:
        """Start the clock."""
        now = time.monotonic()
        self._interval = log_interval(runner)
        self._steps = LogSteps(runner)
        self._by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        self._training = True
        self._next_bar, self._next_line = now, now + self.line_seconds
        self._started = now

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Move the bar, or write a line if it is time for one."""
        now = time.monotonic()
        if now < self._next_bar and now < self._next_line or runner.rank != 0:
            return
        if now >= self._next_bar:
            self._next_bar = now + _BAR_SECONDS
            if STATUS_LINE.alive:
                STATUS_LINE.show(self._line(runner, batch_idx, bar=True))
        due = now >= self._next_line and self._steps.due(batch_idx)
        # The last iteration of an epoch has the line of the epoch.
        ends = self._by_epoch and batch_idx + 1 == len(runner.train_dataloader)
        if due and not ends and not STATUS_LINE.alive:
            say(runner.logger, self._line(runner, batch_idx))
            self._next_line = now + self.line_seconds

    def after_train_epoch(self, runner: Runner) -> None:
        """Leave a line for the epoch."""
        STATUS_LINE.clear()
        say(runner.logger, self._line(runner))

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Move the bar of the validation."""
        self._show_part(runner, 'val', batch_idx)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Move the bar of the test."""
        self._show_part(runner, 'test', batch_idx)

    def after_val_epoch(
        self, runner: Runner, metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Report the results."""
        where = ''
        if self._training and self._by_epoch:
            where = f'epoch {runner.epoch}/{runner.max_epochs}  '
        elif self._training:
            where = f'iter {runner.iter}/{runner.max_iters}  '
        self._report_metrics(runner, f'{where}val', metrics)

    def after_test_epoch(
        self, runner: Runner, metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Report the results."""
        self._report_metrics(runner, 'test', metrics)

    def after_train(self, runner: Runner) -> None:
        """Report where the results are."""
        STATUS_LINE.clear()
        self._training = False
        taken = timedelta(seconds=round(time.monotonic() - self._started))
        say(runner.logger, f'trained in {taken}; results in {runner.work_dir}')

    def _show_part(self, runner: Runner, mode: str, batch_idx: int) -> None:
        now = time.monotonic()
        if now < self._next_bar:
            return
        self._next_bar = now + _BAR_SECONDS
        if STATUS_LINE.alive and runner.rank == 0:
            total = len(getattr(runner, f'{mode}_dataloader'))
            STATUS_LINE.show(f'{mode}  {_bar(batch_idx + 1, total)}')

    def _report_metrics(
        self, runner: Runner, name: str, metrics: Mapping[str, Any] | None
    ) -> None:
        STATUS_LINE.clear()
        figures = {
            k: v for k, v in (metrics or {}).items() if isinstance(v, (int, float))
        }
        first = leading(measured(figures), _MOST_RESULTS)
        shown = [f'{key} {_result(key, value)}' for key, value in figures.items()]
        if metrics and not shown:
            shown = [f'the log has {", ".join(metrics)}']
        elif len(shown) <= _MOST_RESULTS:
            pass
        elif self._training:
            shown = [f'{key} {_result(key, figures[key])}' for key in first]
            shown.append(f'and {len(figures) - len(first)} more in the log')
        else:  # a line for each
            shown = [f'\n{name}  '.join(shown)]
        say(runner.logger, '  '.join([name, *shown]))

    def _line(
        self, runner: Runner, batch_idx: int | None = None, bar: bool = False
    ) -> str:
        """A line after a batch, or after the epoch if there is none."""
        parts = []
        if self._by_epoch:
            parts.append(f'epoch {runner.epoch + 1}/{runner.max_epochs}')
            total = len(runner.train_dataloader)
            done = total if batch_idx is None else batch_idx + 1
        else:
            done, total = runner.iter + (batch_idx is not None), runner.max_iters
        if bar:
            parts.append(_bar(done, total))
        elif batch_idx is not None or not self._by_epoch:
            parts.append(f'iter {done}/{total}')
        scalars = runner.message_hub.log_scalars
        window = min(self._interval, len(runner.train_dataloader))
        loss = _logged_loss(runner)
        if loss is None and 'train/loss' in scalars:  # nothing writes log lines
            loss = scalars['train/loss'].mean(window)
        if loss is not None:
            parts.append(f'loss {loss:.4f}')
        return '  '.join([*parts, *_rates(scalars), *self._speed(runner, window)])

    def _speed(self, runner: Runner, window: int) -> list[str]:
        hub, parts = runner.message_hub, []
        if 'train/time' in hub.log_scalars:
            rate = 1 / max(hub.get_scalar('train/time').mean(window), 1e-9)
            batch = batch_size_of(runner.train_dataloader)
            if batch is None:
                parts.append(f'{rate:.1f} it/s')
            else:
                unit = getattr(unwrapped(runner.model), 'sample_unit', 'img')
                parts.append(f'{rate * batch * runner.world_size:.0f} {unit}/s')
        parts.append(f'mem {_memory()} MB')
        if hub.get_info('eta'):
            parts.append(f'eta {timedelta(seconds=round(hub.get_info("eta")))}')
        return parts


def _result(name: str, value: float) -> str:
    why = why_unmeasured(name, value)
    if why:
        return f'- ({why})'
    return f'{value:.4g}' if isinstance(value, float) else str(value)


def _rates(scalars: Mapping[str, HistoryBuffer]) -> list[str]:
    """The learning rate, or that of each of several optimizers."""
    if 'train/lr' in scalars:
        return [f'lr {scalars["train/lr"].current():.2e}']
    return [
        f'{key.removeprefix("train/")} {scalars[key].current():.2e}'
        for key in scalars
        if key.startswith('train/') and key.endswith('.lr')
    ]


def _logged_loss(runner: Runner) -> float | None:
    """The loss of the last log line: the file, the report and this show one number."""
    row = getattr(runner.log_processor, 'row', {})
    return row.get('loss', row.get('train/loss'))


def _summary(runner: Runner) -> list[tuple[str, str]]:
    model = unwrapped(runner.model)
    count = sum(p.numel() for p in model.parameters())
    lines = [('model', f'{type(model).__name__}, {_short(count)} parameters')]
    for name, loop in runner.built_loops.items():
        lines.append((name, describe(loop.dataloader.dataset)))
    processes = f', {runner.world_size} processes' if runner.world_size > 1 else ''
    lines.append(('device', f'{_device()}{processes}'))
    lines.append(('work_dir', runner.work_dir))
    return lines


def _short(count: int) -> str:
    for unit, name in ((10**9, 'G'), (10**6, 'M'), (10**3, 'k')):
        if count >= unit:
            return f'{count / unit:.2f} {name}'
    return str(count)


def describe(dataset: Any) -> str:
    """How many samples a dataset has, and of how many classes."""
    classes = classes_of(dataset)
    text = f'{len(dataset)} samples' if hasattr(dataset, '__len__') else 'a stream'
    unit = getattr(dataset, 'class_unit', 'classes')
    return f'{text}, {len(classes)} {unit}' if classes else text


def _device() -> str:
    kind = get_device()
    return f'{kind} ({torch.cuda.get_device_name()})' if kind == 'cuda' else kind


def _bar(done: int, total: int) -> str:
    filled = _BAR_WIDTH * done // max(total, 1)
    return f'[{"#" * filled}{"." * (_BAR_WIDTH - filled)}] {done}/{total}'


def _memory() -> int:
    """Peak megabytes: of the GPU if there is one, else of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() // 2**20
    if sys.platform == 'win32':
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (2**20 if sys.platform == 'darwin' else 2**10)
