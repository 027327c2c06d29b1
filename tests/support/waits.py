"""What a GPU would be waited for, seen without one."""

from __future__ import annotations

import contextlib
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from mmengine.hooks import Hook
from torch.utils._python_dispatch import TorchDispatchMode

from mmlite.engine import Runner
from mmlite.engine.loops import EpochBasedTrainLoop

#: Operations of which the host has to know a result: a number, or how many there are.
READS = {
    '_local_scalar_dense',
    '_unique2',
    'bincount',
    'equal',
    'masked_select',
    'nonzero',
    'unique_consecutive',
    'unique_dim',
}
INDEXED = {'index', 'index_put', 'index_put_'}  # by a mask, its places are counted


class Operations(TorchDispatchMode):
    """Counts operations, and those that a GPU would be waited for, on any device."""

    def __init__(self) -> None:
        super().__init__()
        self.all: Counter[str] = Counter()
        self.reads: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        self.all[name] += 1
        if name in READS or name in INDEXED and any(map(_is_mask, args[1])):
            self.reads[name] += 1
        return func(*args, **kwargs or {})


def _is_mask(index: Any) -> bool:
    return index is not None and index.dtype in (torch.bool, torch.uint8)


class _From(Hook):
    """Begins to look at an iteration; the first ones, and log lines, may wait."""

    priority = 'HIGHEST'

    def __init__(self, first: int, mode: str) -> None:
        self.first, self.mode = first, mode

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        length = len(runner.train_dataloader) if by_epoch else runner.max_iters
        if runner.iter >= self.first and batch_idx + 1 < length:
            torch.cuda.set_sync_debug_mode(self.mode)


class _Until(Hook):
    """Ends to look."""

    priority = 'LOWEST'

    def after_train_iter(self, runner, **kwargs):
        torch.cuda.set_sync_debug_mode('default')


class _Counting(Hook):
    """Counts the reads of each iteration."""

    priority = 'HIGHEST'

    def __init__(self, first: int) -> None:
        self.first = first
        self.modes: list[Operations] = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter >= self.first:
            self.modes.append(Operations())
            self.modes[-1].__enter__()


class _Counted(Hook):
    """Ends to count."""

    priority = 'LOWEST'

    def __init__(self, counting: _Counting) -> None:
        self.counting = counting

    def after_train_iter(self, runner, **kwargs):
        if self.counting.modes:
            self.counting.modes[-1].__exit__(None, None, None)


@contextlib.contextmanager
def counted_reads(runner: Runner, first: int) -> Iterator[list[Counter[str]]]:
    """What each iteration reads, as :class:`Operations` sees it.

    Args:
        runner: What trains.
        first: The first iteration that is looked at.
    """
    counting = _Counting(first)
    runner.register_hook(counting)
    runner.register_hook(_Counted(counting))
    found: list[Counter[str]] = []
    yield found
    found += [mode.reads for mode in counting.modes]


@contextlib.contextmanager
def waiting(mode: str) -> Iterator[None]:
    """Let PyTorch look for waits for the GPU.

    Args:
        mode: ``'error'`` or ``'warn'``; ``'default'`` does not look.
    """
    torch.cuda.set_sync_debug_mode(mode)
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode('default')


@contextlib.contextmanager
def reported_waits() -> Iterator[list[str]]:
    """What PyTorch warns of within, where it looks for waits."""
    found: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter('always')
        others = warnings.showwarning

        def show(message: Any, *args: Any, **kwargs: Any) -> None:
            if 'synchronizing CUDA' in str(message):
                found.append(str(message))
            else:
                others(message, *args, **kwargs)

        warnings.showwarning = show
        yield found


@contextlib.contextmanager
def look_at_iterations(runner: Runner, first: int, mode: str) -> Iterator[None]:
    """Let a training look for waits for the GPU, but for the last iteration.

    Args:
        runner: What trains.
        first: The first iteration that is looked at.
        mode: See :func:`waiting`.
    """
    runner.register_hook(_From(first, mode))
    runner.register_hook(_Until())
    with waiting('default'):
        yield
