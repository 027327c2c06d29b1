"""Let one of several processes tell a mistake that all of them meet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from torch import distributed as dist

from ..errors import UserError
from .interrupt import Interrupted

__all__ = ['FailedElsewhere', 'OwnError', 'shared_failures', 'should_tell']

_KEY = 'mmlite/failed/'
_PATIENCE = timedelta(seconds=3)


class FailedElsewhere(UserError):
    """This process cannot go on, as another one has failed and told why."""


class OwnError(UserError):
    """A mistake that other processes do not meet."""


@contextmanager
def shared_failures() -> Iterator[None]:
    """Let the other processes know what this one fails with.

    Raises:
        FailedElsewhere: instead of the error of a connection that broke, if the
            process at its other end has failed with a :class:`UserError`.
    """
    try:
        yield
    except UserError as error:
        _publish(str(error))
        raise
    except RuntimeError as error:
        if not _others_failed():
            raise
        raise FailedElsewhere(f'stopped, as another process did: {error}') from error


def should_tell(error: UserError) -> bool:
    """Whether this process should print an error, or another one does.

    Process 0 tells what it meets; the others tell only what it has not met too.
    Errors from before the processes have joined, e.g. of a config, are the same
    in all of them; the first one on each machine tells them.

    Args:
        error: What this process ends with.
    """
    if isinstance(error, FailedElsewhere):
        return False
    if not _distributed() or isinstance(error, OwnError):
        return True
    if not dist.is_initialized():
        return int(os.environ.get('LOCAL_RANK', 0)) == 0
    if isinstance(error, Interrupted):  # all processes are, and together
        return dist.get_rank() == 0
    return dist.get_rank() == 0 or _message_of(0) != str(error)


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
    except RuntimeError:  # it has not failed, or is gone without a word
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
