"""Ctrl-C: stop after the running iteration, without losing it."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType
from typing import Any

from torch import distributed as dist

from ..errors import UserError

_KEY = 'mmlite/stop_at'
#: A launcher may pass on the signal that the terminal has sent already.
_ONE_PRESS = 0.5


class Interrupted(UserError):
    """Training was stopped by Ctrl-C, and can go on from a checkpoint.

    Args:
        checkpoint: The checkpoint that was written.
        where: How far training came.
    """

    exit_code = 130

    def __init__(self, checkpoint: str, where: str) -> None:
        super().__init__(
            f'interrupted after {where}; saved {checkpoint}; go on with --resume'
        )
        self.checkpoint = checkpoint


class InterruptSwitch:
    """Within it, the first Ctrl-C is a request, and the second one aborts.

    Example:
        >>> import signal
        >>> with InterruptSwitch() as switch:
        ...     signal.raise_signal(signal.SIGINT)
        ...     switch.requested
        <BLANKLINE>
        stopping after this step; Ctrl-C again aborts
        True
    """

    def __init__(self) -> None:
        self.requested = False
        self.aborted = False
        self._stop_at: int | None = None
        self._pressed = 0.0
        self._before: Any = None

    def __enter__(self) -> InterruptSwitch:
        self.requested = self.aborted = False
        self._stop_at = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

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
            if now - self._pressed < _ONE_PRESS:
                return
            self.aborted = True
            raise KeyboardInterrupt
        self.requested, self._pressed = True, now
        if int(os.environ.get('RANK', 0)) == 0:
            print('\nstopping after this step; Ctrl-C again aborts', flush=True)


def _agree(iteration: int) -> int:
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return iteration
    store = dist.distributed_c10d._get_default_store()
    return int(store.compare_set(_KEY, '', str(iteration + 2)))
