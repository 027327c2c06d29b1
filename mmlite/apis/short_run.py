"""The first iterations of a training, in a folder that is removed afterwards."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.hooks import Hook

from ..engine import ProgressHook, Runner
from ..engine.terminal import STATUS_LINE

__all__ = ['Enough', 'PassingProgress', 'set_aside', 'short_run']


class PassingProgress(ProgressHook):
    """Says what runs; not where, as the folder goes, nor results within a training."""

    def summary(self, runner: Runner) -> list[tuple[str, str]]:
        """What is about to run, without the folder."""
        lines = super().summary(runner)
        return [(name, text) for name, text in lines if name != 'work_dir']

    def after_val_epoch(
        self, runner: Runner, metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Remove the bar; whoever runs it reports the results."""
        STATUS_LINE.clear()


class Enough(Exception):
    """What a hook raises to end a short run."""


@contextmanager
def set_aside() -> Iterator[Path]:
    """A folder for a run of which nothing stays; random numbers go on as before."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        with TemporaryDirectory(prefix='mmlite_') as folder:
            yield Path(folder)
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


def short_run(cfg: Config, work_dir: Path, hook: Hook) -> Runner:
    """Train until a hook raises :class:`Enough`, and return the runner.

    Neither schedules nor validations take place, and no checkpoint is written.

    Args:
        cfg: A checked config, as ``prepare_training`` gives it; it is changed.
        work_dir: Where the log goes.
        hook: Sees every iteration before other hooks do.
    """
    cfg.work_dir = str(work_dir)
    cfg.update(resume=False, visualizer=dict(type='Visualizer', vis_backends=[]))
    hooks = dict(cfg.get('default_hooks') or {})
    for name in ('checkpoint', 'visualization', 'report'):
        hooks[name] = None
    if hooks.get('progress', {}) is not None:
        hooks['progress'] = dict(hooks.get('progress') or {}, type=PassingProgress)
    cfg.default_hooks = hooks
    runner = Runner.from_cfg(cfg)
    runner.register_hook(hook, 'HIGHEST')
    try:
        runner.train()
    except Enough:
        pass
    return runner
