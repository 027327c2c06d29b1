"""Where the time of a training goes."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from ..engine import Runner
from ..errors import UserError
from .short_run import Enough, set_aside
from .stand_in import find_data
from .training import prepare_training
from .zoo.configs import config_at

__all__ = ['PARTS', 'TimeTable', 'bench']

#: The parts of an iteration, in order.
PARTS = ('data', 'transfer', 'forward', 'backward', 'optimizer', 'hooks')
_ADVICE = {
    'data': 'training waits for data: raise train_dataloader.num_workers, pack the '
    'data set (mmlite pack-dataset), or keep it in memory '
    '(train_dataloader.in_memory=True)',
    'transfer': 'bringing batches to the device takes long: set '
    'train_dataloader.pin_memory=True, and leave images as uint8',
    'hooks': 'hooks take long: raise their intervals, or leave some out',
}
_LARGE = 0.3  # share of a part that advice is given on


class TimeTable:
    """Where the time of an iteration goes.

    Args:
        seconds: Seconds of an iteration by part, one each iteration.
        batch_size: Samples of an iteration; None if it is not known.
        device: Where it was computed.

    Example:
        >>> table = TimeTable(dict(data=[0.3], forward=[0.1]), batch_size=8)
        >>> print(table)
        part        ms  share
        data     300.0   75 %
        forward  100.0   25 %
        total    400.0  100 %
        20 samples a second on cpu
        training waits for data: raise train_dataloader.num_workers, pack the data ...
    """

    def __init__(
        self,
        seconds: dict[str, list[float]],
        batch_size: int | None = None,
        device: str = 'cpu',
    ) -> None:
        self.seconds = {
            part: statistics.median(values) for part, values in seconds.items()
        }
        self.iterations = max((len(values) for values in seconds.values()), default=0)
        self.batch_size = batch_size
        self.device = device

    @property
    def total(self) -> float:
        """Seconds of an iteration."""
        return sum(self.seconds.values())

    def shares(self) -> dict[str, float]:
        """The share of each part, from 0 to 1."""
        return {part: value / self.total for part, value in self.seconds.items()}

    def advice(self) -> list[str]:
        """What could be done about parts that take long."""
        shares = self.shares()
        return [text for part, text in _ADVICE.items() if shares.get(part, 0) > _LARGE]

    def to_dict(self) -> dict[str, Any]:
        """Plain values: seconds by part, their sum, samples a second."""
        rate = self.batch_size / self.total if self.batch_size else None
        return dict(
            seconds=self.seconds,
            total=self.total,
            samples_per_second=rate,
            iterations=self.iterations,
            device=self.device,
        )

    def __str__(self) -> str:
        rows = [('part', 'ms', 'share')]
        shares = self.shares()
        for part, value in self.seconds.items():
            rows.append((part, f'{value * 1000:.1f}', f'{100 * shares[part]:.0f} %'))
        rows.append(('total', f'{self.total * 1000:.1f}', '100 %'))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for row in rows:
            name, *numbers = (c.rjust(w) for c, w in zip(row, widths, strict=True))
            lines.append('  '.join([name.strip().ljust(widths[0]), *numbers]))
        if self.batch_size:
            rate = self.batch_size / self.total
            lines.append(f'{rate:,.0f} samples a second on {self.device}')
        return '\n'.join([*lines, *self.advice()])


def bench(
    config: str | Path | Config | dict,
    overrides: Sequence[str] = (),
    *,
    iterations: int = 50,
    warmup: int = 10,
) -> TimeTable:
    """Train for some iterations, and measure where the time goes.

    ``data`` is the wait for the next batch, ``transfer`` the data preprocessor,
    ``forward`` the model and its losses, ``backward`` their gradients, ``optimizer``
    the step, ``hooks`` all that is called beside (logging, schedules). After each part
    the device is waited for, so that what overlaps in a training is counted apart;
    nothing is validated or saved.

    Args:
        config: A config file, a loaded config, or a dict, or the checkpoint or work_dir
            of a training.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        iterations: How many are measured.
        warmup: Iterations before them, which are not measured.

    Raises:
        ConfigError: if the config has mistakes.
        DataError: if its data are absent.
        UserError: if the training is over before there is anything to measure.
    """
    if iterations < 1 or warmup < 0:
        raise UserError(
            'iterations must be at least 1 and warmup at least 0, got '
            f'{iterations} and {warmup}'
        )
    with set_aside() as folder:
        cfg = prepare_training(
            config_at(config),
            overrides,
            work_dir=folder,
            validate=False,
            launcher='none',
        )
        hooks = dict(cfg.get('default_hooks') or {})
        cfg.default_hooks = {**hooks, 'checkpoint': None, 'report': None}
        cfg.default_hooks['progress'] = None
        find_data(cfg)
        runner = Runner.from_cfg(cfg)
        clock = _Clock(warmup + iterations)
        with clock.watching(runner):
            try:
                runner.train()
            except Enough:
                pass
    return clock.table(warmup, runner)


class _Clock:
    """Measures the parts of the iterations of a runner."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.rows: list[dict[str, float]] = []
        self._row: dict[str, float] = defaultdict(float)
        self._ended: float | None = None

    @contextmanager
    def watching(self, runner: Runner) -> Iterator[None]:
        """Measure the calls of a runner, its model and its optimizer."""
        model = runner.model
        call_hook, train_step = runner.call_hook, model.train_step
        preprocess = model.data_preprocessor.forward

        def calling(name: str, **kwargs: Any) -> None:
            if name == 'before_train':
                self._watch_optimizer(runner)
            if not name.endswith('train_iter'):
                call_hook(name, **kwargs)
                return
            begun = _now()
            if name == 'before_train_iter' and self._ended is not None:
                self._row['data'] = begun - self._ended
            call_hook(name, **kwargs)
            self._row['hooks'] += _now() - begun
            if name == 'after_train_iter':
                self._close_row()

        def stepping(*args: Any, **kwargs: Any) -> Any:
            begun = _now()
            before = self._within_step()
            result = train_step(*args, **kwargs)
            spent = _now() - begun
            self._row['forward'] += spent - (self._within_step() - before)
            return result

        runner.call_hook = calling
        model.train_step = stepping
        model.data_preprocessor.forward = self._timed(preprocess, 'transfer')
        try:
            yield
        finally:
            runner.call_hook = call_hook
            del model.train_step, model.data_preprocessor.forward

    def _within_step(self) -> float:
        """Seconds of the parts of a step that are measured apart."""
        return sum(self._row[part] for part in ('transfer', 'backward', 'optimizer'))

    def _watch_optimizer(self, runner: Runner) -> None:
        wrappers = runner.optim_wrapper
        several = hasattr(wrappers, 'optim_wrappers')
        for wrapper in wrappers.optim_wrappers.values() if several else [wrappers]:
            wrapper.backward = self._timed(wrapper.backward, 'backward')
            wrapper.step = self._timed(wrapper.step, 'optimizer')
            wrapper.zero_grad = self._timed(wrapper.zero_grad, 'optimizer')

    def _timed(self, call: Callable, part: str) -> Callable:
        @wraps(call)  # with the marks that schedulers look for
        def measured(*args: Any, **kwargs: Any) -> Any:
            begun = _now()
            result = call(*args, **kwargs)
            self._row[part] += _now() - begun
            return result

        return measured

    def _close_row(self) -> None:
        self.rows.append(dict(self._row))
        self._row.clear()
        self._ended = _now()
        if len(self.rows) >= self.limit:
            raise Enough

    def table(self, warmup: int, runner: Runner) -> TimeTable:
        """What was measured after the first iterations."""
        rows = self.rows[warmup:]
        if not rows:
            raise UserError(
                f'the training is over after {len(self.rows)} iterations, before there '
                f'is anything to measure; set warmup below that, it is {warmup}'
            )
        seconds = {part: [row.get(part, 0.0) for row in rows] for part in PARTS}
        size = runner.train_dataloader.batch_size
        device = next(runner.model.parameters()).device.type
        return TimeTable(seconds, size, device)


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
