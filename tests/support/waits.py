"""What a GPU would be waited for, seen without one."""

from __future__ import annotations

import contextlib
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from mmengine.hooks import Hook
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from mmlite.engine import Runner
from mmlite.models.layers import averaged_model

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


class _Copies(TorchDispatchMode):
    """Refuses to wait for a copy to the meta device."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if func.overloadpacket.__name__ == '_to_copy':
            waits = not args[0].is_meta and out.is_meta
            assert not waits or kwargs.get('non_blocking'), 'a copy is waited for'
        return out


class _Numbers(TorchFunctionMode):
    """Refuses to bring plain numbers to the meta device, which is waited for too."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **kwargs or {})
        if getattr(func, '__name__', '') in ('tensor', 'as_tensor', 'new_tensor'):
            given = args[-1]
            assert isinstance(given, torch.Tensor) or not out.is_meta, (
                f'{func.__name__} of plain numbers waits for the device; see '
                'mmlite.ops.numbers_like'
            )
        return out


@contextlib.contextmanager
def nothing_is_waited_for() -> Iterator[None]:
    """Fails where code on the meta device would wait for a GPU in its place.

    That device has no data, so that whatever reads a number raises an error.
    """
    autocast = torch.autocast

    def known(device_type: str, *args: Any, **kwargs: Any) -> Any:
        if device_type == 'meta':  # which has none
            return contextlib.nullcontext()
        return autocast(device_type, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch, _Copies(), _Numbers():
        patch.setattr(torch, 'autocast', known)
        # Read once, when a training begins.
        patch.setattr(averaged_model._Counter, 'value', lambda self, buffer: 1)
        yield


class _From(Hook):
    """Begins to look at an iteration; the first ones, and log lines, may wait."""

    priority = 'HIGHEST'

    def __init__(self, first: int, mode: str) -> None:
        self.first, self.mode = first, mode

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter >= self.first and batch_idx + 1 < len(runner.train_dataloader):
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
def no_waits(runner: Runner, first: int) -> Iterator[None]:
    """Let a training fail where an iteration waits for the GPU.

    Args:
        runner: What trains.
        first: The first iteration that must not.
    """
    with _looking(runner, first, 'error'):
        yield


@contextlib.contextmanager
def counted_waits(runner: Runner, first: int) -> Iterator[list[str]]:
    """The waits of a training, as PyTorch reports them.

    Args:
        runner: What trains.
        first: The first iteration that is looked at.
    """
    found: list[str] = []
    with warnings.catch_warnings(), _looking(runner, first, 'warn'):
        # The runner's own context keeps the function, and adds filters before this.
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
def _looking(runner: Runner, first: int, mode: str) -> Iterator[None]:
    runner.register_hook(_From(first, mode))
    runner.register_hook(_Until())
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode('default')
