"""G8 to G10: what a GPU waits for."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import torch
from data import write_cifar10
from mmengine.hooks import Hook, LoggerHook
from protocol import Goal, Line, Rounds
from recipes import GRAPHS, Cifar, forget_compiled, on_gpu
from session import Session, attempted, quiet
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile
from turns import now

from mmlite.engine import Runner

_LOG_INTERVAL = 50


def _task(session: Session, batch: int, compile: dict[str, Any] | None = None) -> Cifar:
    images = Cifar.images_per_file(session)
    root = write_cifar10(session.folder / 'cifar10', images)
    return Cifar(session, root, session.size(batch, 8), compile or {})


class _Begin(Hook):
    """Calls a function before each iteration, ahead of all other hooks."""

    priority = 'HIGHEST'

    def __init__(self, call: Callable[[Runner, int], None]) -> None:
        self.call = call

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        self.call(runner, batch_idx)


class _End(Hook):
    """Calls a function after each iteration, behind all other hooks."""

    priority = 'LOWEST'

    def __init__(self, call: Callable[[Runner, int], None]) -> None:
        self.call = call

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, **kwargs: Any
    ) -> None:
        self.call(runner, batch_idx)


def waits(session: Session) -> list[Line]:
    """G8: how often an iteration between two log lines waits for the GPU."""
    task = _task(session, 128)
    iterations = session.size(300, 4)
    runner = task.runner(iterations)
    watched = 0

    def begin(runner: Runner, batch_idx: int) -> None:
        nonlocal watched
        logs = (batch_idx + 1) % _LOG_INTERVAL == 0 or batch_idx + 1 == task.steps
        if runner.iter >= session.size(20, 0) and not logs:
            watched += 1
            _warn_of_waits(True)

    runner.register_hook(_Begin(begin))
    runner.register_hook(_End(lambda runner, batch_idx: _warn_of_waits(False)))
    for hook in runner.hooks:
        if isinstance(hook, LoggerHook):
            hook.interval = _LOG_INTERVAL
    with warnings.catch_warnings(record=True) as caught, quiet():
        warnings.simplefilter('always')
        runner.train()
    found = [w for w in caught if 'synchronizing CUDA' in str(w.message)]
    places = {f'{w.filename}:{w.lineno}' for w in found}
    return [
        Line(
            'G8',
            'times that an iteration between log lines waits for the GPU',
            Goal('<=', 0),
            [len(found) / watched],
            ', '.join(sorted(places)[:3]),
        )
    ]


def _warn_of_waits(on: bool) -> None:
    if on_gpu():
        torch.cuda.set_sync_debug_mode('warn' if on else 'default')


class _EpochTurns(Hook):
    """Measures whole epochs, with what follows them; another side comes between."""

    priority = 'HIGHEST'

    def __init__(self, other: Callable[[], float], warmup: int) -> None:
        self.other = other
        self.skipped = warmup
        self.taken = Rounds(mmlite=[], bare=[])
        self._start: float | None = None

    def before_train_epoch(self, runner: Runner) -> None:
        if self._start is not None:
            epoch, other = now() - self._start, self.other()
            if self.skipped:
                self.skipped -= 1
            else:
                self.taken['mmlite'].append(epoch)
                self.taken['bare'].append(other)
        self._start = now()


def epochs(session: Session) -> list[Line]:
    """G9: an epoch with validation, checkpoint and log, against what it must do."""
    task = _task(session, 512)
    cfg = task.config(epochs=session.rounds + session.warmup + 1, validate=True)
    cfg.default_hooks.checkpoint.interval = 1
    forget_compiled()
    with quiet():
        runner = Runner.from_cfg(cfg)
    loop, batches = task.bare(runner)
    tests = torch.randint(256, (task.images // 5, 3, 32, 32), dtype=torch.uint8)
    tests = tests.to(loop.mean.device).split(session.size(1000, 16))
    forward = torch.compile(loop.net) if on_gpu() else loop.net

    def bare() -> float:
        start = now()
        loop.net.train()
        for _ in range(task.steps):
            loop.step(*next(batches))
        loop.net.eval()
        with torch.no_grad(), loop.autocast:
            for images in tests:
                forward(images.float().sub_(loop.mean).div_(loop.std)).argmax(1)
        return now() - start

    hook = _EpochTurns(bare, session.warmup)
    runner.register_hook(hook)
    with quiet():
        runner.train()
    return [
        Line(
            'G9',
            'epoch with validation, checkpoint and log, over bare training and forward',
            Goal('<=', 1.05),
            hook.taken.ratio('mmlite', 'bare'),
            hook.taken.times,
            hook.taken.medians,
        )
    ]


def idle(session: Session) -> Iterator[Line]:
    """G10: the part of the time in which the GPU has nothing to do."""
    for how, compile in (('', {}), (', CUDA graphs', GRAPHS)):
        task = _task(session, 128, compile)
        what = (
            f'part of the time that the GPU idles, ResNet-18, batch {task.batch_size}'
        )
        run = partial(_idle, session, task, what + how)
        yield from attempted('G10', what + how, run)


def _idle(session: Session, task: Cifar, what: str) -> Iterator[Line]:
    first, count = session.size(50, 1), session.size(100, 2)
    runner = task.runner(first + count + 1)
    kind = ProfilerActivity.CUDA if on_gpu() else ProfilerActivity.CPU
    profiler = profile(activities=[kind])
    done: list[float] = []
    stack = contextlib.ExitStack()

    def end(runner: Runner, batch_idx: int) -> None:
        if runner.iter + 1 == first:
            now()
            stack.enter_context(profiler)
            done.append(time.perf_counter())
        elif runner.iter + 1 == first + count:
            done.append(now())
            stack.close()

    runner.register_hook(_End(end))
    with quiet(), stack:
        runner.train()
    device = DeviceType.CUDA if on_gpu() else DeviceType.CPU
    busy = covered(
        (event.time_range.start, event.time_range.end)
        for event in profiler.events()
        if event.device_type == device
    )
    share = max(0.0, 1 - busy / 1e6 / (done[1] - done[0]))
    milliseconds = (done[1] - done[0]) / count * 1e3
    note = f'{milliseconds:.2f} ms an iteration'
    yield Line('G10', what, Goal('<=', 0.07), [share], note)


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """The length that spans cover together."""
    total, reached = 0.0, float('-inf')
    for start, end in sorted(spans):
        if end > reached:
            total += end - max(start, reached)
            reached = end
    return total
