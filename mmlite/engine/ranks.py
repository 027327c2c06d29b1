"""Let one of several processes report a mistake that all of them meet."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from torch import distributed as dist

from ..errors import UserError
from .interrupt import Interrupted

__all__ = [
    'FailedElsewhere',
    'LostProcess',
    'LostWorker',
    'OwnError',
    'lost_workers',
    'shared_failures',
    'should_report',
]

_KEY = 'mmlite/failed/'
_ALIVE = 'mmlite/alive/'
_PATIENCE = timedelta(seconds=3)
#: What the ends of connections say when the other end is gone.
_BROKEN = re.compile(
    r'gloo|nccl|connection (was )?(closed|reset|refused)|broken pipe|by peer|socket'
    r'|recv|timed out',
    re.IGNORECASE,
)
_WORKER = re.compile(r'DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\) (.*)', re.DOTALL)


class FailedElsewhere(UserError):
    """This process cannot go on, as another one has failed and said why."""


class LostProcess(UserError):
    """Another process is gone, and has not said why.

    Args:
        message: What to say.
        reporter: The process that says it.
    """

    def __init__(self, message: str, reporter: int) -> None:
        super().__init__(message)
        self.reporter = reporter


class LostWorker(UserError):
    """A process that loads data is gone, and has not said why."""


class OwnError(UserError):
    """A mistake that other processes do not meet."""


@contextmanager
def shared_failures() -> Iterator[None]:
    """Let the other processes know what this one fails with.

    Raises:
        FailedElsewhere: instead of the error of a connection that broke, if the
            process at its other end has failed with a :class:`UserError`.
        LostProcess: instead of it, if that process is gone without having said why.
    """
    try:
        yield
    except UserError as error:
        _publish(str(error))
        raise
    except RuntimeError as error:
        if _others_failed():
            message = f'stopped, as another process did: {error}'
            raise FailedElsewhere(message) from error
        lost = _lost_process(error)
        if lost is None:
            raise
        raise lost from error


@contextmanager
def lost_workers() -> Iterator[None]:
    """Say which process that loads data is gone, and what to do.

    Raises:
        LostWorker: instead of torch's error.
    """
    try:
        yield
    except RuntimeError as error:
        found = _WORKER.search(str(error))
        if isinstance(error, UserError) or found is None:
            raise
        how = found[2].split('.')[0].strip()
        shared = 'bus error' in str(error).lower() or 'shared memory' in str(error)
        why = (
            'its shared memory was too small (raise it, in Docker with --shm-size or '
            '--ipc=host)'
            if shared
            else 'most often the memory of the machine was full'
        )
        raise LostWorker(
            f'a process that loads data (pid {found[1].strip()}) {how}: {why}; use a '
            'smaller num_workers, prefetch_factor or batch_size in the data loaders, '
            'or num_workers=0 to see an error of its own; go on with --resume'
        ) from error


def should_report(error: UserError) -> bool:
    """Whether this process should print an error, or another one does.

    Process 0 prints what it meets; the others only what it has not met too.
    Errors from before the processes have joined, e.g. of a config, are the same
    in all of them; the first one on each machine prints them.

    Args:
        error: What this process ends with.
    """
    if isinstance(error, FailedElsewhere):
        return False
    if isinstance(error, LostProcess):
        return dist.is_initialized() and dist.get_rank() == error.reporter
    if not _distributed() or isinstance(error, (OwnError, LostWorker)):
        return True
    if not dist.is_initialized():
        return int(os.environ.get('LOCAL_RANK', 0)) == 0
    if isinstance(error, Interrupted):  # all processes are, and together
        return dist.get_rank() == 0
    return dist.get_rank() == 0 or _message_of(0) != str(error)


def _lost_process(error: RuntimeError) -> LostProcess | None:
    """Which processes are gone, if that is what a connection broke for."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return None
    if not _BROKEN.search(str(error)):
        return None
    if threading.current_thread() is threading.main_thread():
        # Its launcher ends this process too, but lets it say what has happened.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    me, ranks = dist.get_rank(), range(dist.get_world_size())
    try:
        _store().set(f'{_ALIVE}{me}', '1')
        gone = [rank for rank in ranks if rank != me and not _answers(rank)]
    except RuntimeError:
        gone = [0]  # which keeps the store
    if not gone:
        return None
    names = ', '.join(map(str, gone))
    them = f'process {names} is' if len(gone) == 1 else f'processes {names} are'
    left = [rank for rank in ranks if rank not in gone]
    return LostProcess(
        f'{them} gone, of {len(ranks)}, and did not say why: killed, most often as the '
        "memory of its machine was full (its launcher's lines and the system's log may "
        'say more); use a smaller batch_size or num_workers, and go on with --resume',
        reporter=left[0],
    )


def _answers(rank: int) -> bool:
    """Whether a process is still there to meet the broken connection too."""
    try:
        _store().wait([f'{_ALIVE}{rank}'], _PATIENCE)
    except RuntimeError as error:
        if 'timeout' in str(error).lower() or 'timed out' in str(error).lower():
            return False
        raise
    return True


def _distributed() -> bool:
    return int(os.environ.get('WORLD_SIZE', 1)) > 1 and 'RANK' in os.environ


def _store() -> dist.Store:
    return dist.distributed_c10d._get_default_store()


def _publish(message: str) -> None:
    if dist.is_initialized() and dist.get_world_size() > 1:
        try:
            _store().set(f'{_KEY}{dist.get_rank()}', message)
        except RuntimeError:
            pass  # the process that keeps the store is gone


def _message_of(rank: int) -> str | None:
    try:
        store = _store()
        store.wait([f'{_KEY}{rank}'], _PATIENCE)
        return store.get(f'{_KEY}{rank}').decode()
    except RuntimeError:  # it has not failed, or is gone and said nothing
        return None


def _others_failed() -> bool:
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return False
    me = dist.get_rank()
    try:
        return any(
            _store().check([f'{_KEY}{rank}'])
            for rank in range(dist.get_world_size())
            if rank != me
        )
    except RuntimeError:
        return me != 0  # process 0 keeps the store, and is gone
