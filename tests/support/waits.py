"""Waits for the GPU during a training, as PyTorch reports them."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from mmengine.hooks import Hook

from mmlite.engine import Runner
from mmlite.engine.loops import EpochBasedTrainLoop


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
