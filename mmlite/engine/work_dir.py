"""Warn where another training, or an earlier one, has the same work_dir."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from logging import Logger
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows, where nobody is warned
    fcntl = None  # type: ignore[assignment]

__all__ = ['occupied', 'report_earlier_run']

_LOCK = '.training'
_SHOWN = 3


@contextmanager
def occupied(work_dir: str, logger: Logger) -> Iterator[None]:
    """Let other runs know that a training writes to a folder; say if one does.

    The mark goes with the process, also with one that is killed.

    Args:
        work_dir: The folder.
        logger: What to warn with.
    """
    if fcntl is None:
        yield
        return
    with open(Path(work_dir, _LOCK), 'a+') as file:
        try:
            # Unlike a flock, it is not inherited by the processes that load data.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            other = file.read().strip() or 'another process'
            logger.warning(
                f'another training writes to {work_dir} too ({other}): each replaces '
                'the checkpoints of the other; stop one of them, or give this one a '
                'folder of its own with --work-dir'
            )
            yield
            return
        file.truncate(0)
        now = time.strftime('%Y-%m-%d %H:%M:%S')
        file.write(f'process {os.getpid()} on {socket.gethostname()} since {now}\n')
        file.flush()
        yield


def report_earlier_run(work_dir: str, logger: Logger) -> None:
    """Say whose checkpoints a new training would replace.

    Args:
        work_dir: The folder of a training that resumes nothing.
        logger: What to warn with.
    """
    names = sorted(path.name for path in Path(work_dir).glob('*.pth'))
    if names:
        more = f' and {len(names) - _SHOWN} more' if len(names) > _SHOWN else ''
        logger.warning(
            f'{work_dir} holds checkpoints of an earlier training '
            f'({", ".join(names[:_SHOWN])}{more}), which this one replaces where the '
            'names are the same; --resume goes on with them, --work-dir leaves them '
            'alone'
        )
