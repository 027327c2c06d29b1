"""Let a signal end a command as Ctrl-C does: what it has begun is removed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ['Terminated', 'ending_by_signals']

#: What a cluster sends before it kills, and a terminal that is closed.
_SIGNALS = ('SIGTERM', 'SIGHUP')


class Terminated(KeyboardInterrupt):
    """A signal has come that ends the process.

    Args:
        signum: The signal.

    Example:
        >>> error = Terminated(signal.SIGTERM)
        >>> f'interrupted{error}', error.exit_code
        ('interrupted by SIGTERM', 143)
    """

    def __init__(self, signum: int) -> None:
        super().__init__(f' by {signal.Signals(signum).name}')
        self.exit_code = 128 + signum


@contextmanager
def ending_by_signals() -> Iterator[None]:
    """Within it, SIGTERM and SIGHUP are errors, so that all is left in order.

    A training has handlers of its own, which save it. Processes that wait for each
    other end at once, as Python learns of no signal while they do.
    """
    before = {}
    alone = int(os.environ.get('WORLD_SIZE', 1)) == 1
    if alone and threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, n) for n in _SIGNALS if hasattr(signal, n)):
            # nohup has a process ignore the end of its terminal: so it stays.
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, _raise)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise(signum: int, frame: FrameType | None) -> None:
    signal.signal(signum, signal.SIG_IGN)  # a second one would disturb the first
    raise Terminated(signum)
