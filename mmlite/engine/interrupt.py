"""Ctrl-C and its like: stop after the running iteration, without losing it."""

from __future__ import annotations

import mmap
import os
import signal
import threading
import time
from functools import partial
from types import FrameType
from typing import Any

from torch import distributed as dist

from ..errors import UserError

__all__ = ['InterruptSwitch', 'Interrupted', 'outlive_signals']

_KEY = 'mmlite/stop_at'
#: A launcher may pass on the signal that the terminal has sent already.
_ONE_PRESS = 0.5
#: What ends a run: Ctrl-C; a cluster, before it kills; a terminal that is closed.
_SIGNALS = [
    number
    for name in ('SIGINT', 'SIGTERM', 'SIGHUP')
    if (number := getattr(signal, name, None)) is not None
]
#: Seconds in which the main process learns of a signal that its workers have got.
_PATIENCE = 1.0

#: One byte that forked workers see: whether the run goes on to the end of a step.
_finishing = mmap.mmap(-1, 1)


class Interrupted(UserError):
    """Training was stopped by Ctrl-C or a signal, and can go on from a checkpoint.

    Args:
        checkpoint: The checkpoint that was written.
        where: How far training came.
        signum: The signal.
    """

    exit_code = 130

    def __init__(
        self, checkpoint: str, where: str, signum: int = signal.SIGINT
    ) -> None:
        self.exit_code = 128 + signum
        by = '' if signum == signal.SIGINT else f' by {signal.Signals(signum).name}'
        super().__init__(
            f'interrupted{by} after {where}; saved {checkpoint}; go on with --resume'
        )
        self.checkpoint = checkpoint


class InterruptSwitch:
    """Within it, the first Ctrl-C is a request, and the second one aborts.

    SIGTERM, which a cluster sends before it kills, and SIGHUP of a terminal that is
    closed are requests too.

    Example:
        >>> import signal
        >>> with InterruptSwitch() as switch:
        ...     signal.raise_signal(signal.SIGINT)
        ...     switch.requested
        <BLANKLINE>
        stopping after this step; Ctrl-C again aborts
        True

    Attributes:
        requested: Whether to stop.
        aborted: Whether to stop at once.
        signum: The first signal.
    """

    def __init__(self) -> None:
        self.requested = False
        self.aborted = False
        self.signum: int = signal.SIGINT
        self._stop_at: int | None = None
        self._pressed = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> InterruptSwitch:
        self.requested = self.aborted = False
        self._stop_at = None
        _finishing[0] = 0
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # nohup has a process ignore the end of its terminal: so it stays.
                ignored = signal.getsignal(number) is signal.SIG_IGN
                if not (ignored and number == getattr(signal, 'SIGHUP', None)):
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
        _finishing[0] = 0

    def due(self, iteration: int) -> bool:
        """Whether to stop after ``iteration`` iterations.

        Several processes agree on an iteration soon to come, so that none waits
        for the gradients of one that has stopped.
        """
        if not self.requested:
            return False
        if self._stop_at is None:
            self._stop_at = _agree(iteration)
        return iteration >= self._stop_at

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.requested:
            if signum == signal.SIGINT and now - self._pressed >= _ONE_PRESS:
                self.aborted = True
                raise KeyboardInterrupt
            return
        self.requested, self._pressed, self.signum = True, now, signum
        _finishing[0] = 1
        if int(os.environ.get('RANK', 0)) == 0:
            again = '; Ctrl-C again aborts' if signum == signal.SIGINT else ''
            _print(f'\nstopping after this step{again}')


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except (OSError, RuntimeError):
        pass  # the terminal is gone, or is being written to just now


def outlive_signals() -> None:
    """Let a worker go on after a signal that the main process has got too.

    That one may still want this batch, and ends its workers itself. A SIGTERM that
    is meant for the worker alone ends it.
    """
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, partial(_end_unless_finishing, os.getppid()))


def _end_unless_finishing(parent: int, signum: int, frame: FrameType | None) -> None:
    until = time.monotonic() + _PATIENCE
    while not _finishing[0] and time.monotonic() < until and os.getppid() == parent:
        time.sleep(0.05)
    if not _finishing[0]:
        os._exit(0)  # silently, as torch's own handler does
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


def _agree(iteration: int) -> int:
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return iteration
    store = dist.distributed_c10d._get_default_store()
    return int(store.compare_set(_KEY, '', str(iteration + 2)))
