"""Try a config: a few iterations, a validation, a checkpoint; nothing is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ..errors import DataNotFoundError, UserError
from ..report import measured, numbers_in
from .short_run import Enough, set_aside, short_run
from .stand_in import announce, find_data, fitting, names_stand_in, stand_in_of
from .training import prepare_training

__all__ = ['DryRun', 'dry_run']

_BATCHES = 2
_WITHOUT_DATA = (
    '{}\n  a dry run reads the first batches of them; without data '
    "'mmlite check-config {}' builds the model and checks all else"
)


class DryRun(NamedTuple):
    """The results of a dry run.

    Args:
        parameters: Number of trainable parameters.
        losses: The loss of each iteration.
        seconds: What an iteration took, the last one.
        iterations: Number of iterations of the whole training.
        metrics: Figures of the first batches of the validation; empty if there is
            none.
        problem: Why these batches have no figures, or ''.
        megabytes: Size of a checkpoint.
        note: What else there is to know, e.g. that it is that of a stand-in.
    """

    parameters: int
    losses: list[float]
    seconds: float
    iterations: int
    metrics: dict[str, Any]
    problem: str
    megabytes: float
    note: str = ''

    def __str__(self) -> str:
        """A summary of a few lines."""
        losses = ', '.join(f'{loss:.4g}' for loss in self.losses)
        whole = timedelta(seconds=math.ceil(self.seconds * self.iterations))
        figures = ', '.join(
            f'{name} {value:.4g}'
            for name, value in measured(numbers_in(self.metrics)).items()
        )
        validation = figures or self.problem or 'there is none in the config'
        return (
            f'dry run, nothing is kept\n'
            f'  model       {self.parameters:,} trainable parameters\n'
            f'  training    loss {losses}; {self.seconds:.2g} s an iteration, '
            f'{whole} for {self.iterations:,}, without validation\n'
            f'  validation  {validation} (first {_BATCHES} batches)\n'
            f'  checkpoint  {self.megabytes:.1f} MB' + (self.note and f'\n{self.note}')
        )


def dry_run(
    config: str | Path | Config | dict, overrides: Sequence[str] = (), **options: Any
) -> DryRun:
    """Train two iterations, validate on two batches, write a checkpoint.

    All of it takes place in a folder that is removed afterwards. Where the data are
    absent and the config names a ``stand_in``, that is run, as a training would.

    Args:
        config: A config file, a loaded config, or a dict.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        options: Further arguments of :func:`~mmlite.apis.prepare_training`.

    Returns:
        What was seen; ``print`` shows a summary.

    Raises:
        ConfigError: if the config has mistakes; all of them are listed.
        DataNotFoundError: if the data are absent, and there is no stand-in.
    """
    cfg = prepare_training(config, overrides, **options)
    try:
        find_data(cfg)
    except DataNotFoundError as error:
        if not names_stand_in(cfg):
            raise DataNotFoundError(
                _WITHOUT_DATA.format(error, cfg.filename or 'CONFIG')
            ) from None
        path = stand_in_of(cfg, error)
        kept, dropped = fitting(path, overrides)
        other = prepare_training(path, kept, **options)
        note = announce(cfg, other, error, dropped, kept=False)
        return _dry_run(other)._replace(note=note)
    return _dry_run(cfg)


def _dry_run(cfg: Config) -> DryRun:
    watch = _Watch()
    with set_aside() as folder:
        runner = short_run(cfg, folder, watch)
        metrics, problem = _validated(runner)
        runner.save_checkpoint(str(folder), 'dry_run.pth', by_epoch=False)
        saved = folder / 'dry_run.pth'  # by the main process alone
        size = saved.stat().st_size if saved.exists() else 0
        learned = [p.numel() for p in runner.model.parameters() if p.requires_grad]
        return DryRun(
            sum(learned),
            watch.losses,
            watch.times[-1] - watch.times[-2],
            runner.train_loop.max_iters,
            metrics,
            problem,
            size / 2**20,
        )


class _Watch(Hook):
    """Note the losses of two iterations, and when they ended."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.times: list[float] = []

    def before_train(self, runner: Runner) -> None:
        """Note when it begins."""
        self.times.append(time.perf_counter())

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Note the loss, and end after the second."""
        self.losses.append(float(outputs['loss']))
        self.times.append(time.perf_counter())
        if len(self.losses) == _BATCHES:
            raise Enough


class _FirstBatches:
    """The first batches of a data loader, which it stands for."""

    def __init__(self, dataloader: DataLoader) -> None:
        self._dataloader = dataloader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dataloader, name)

    def __iter__(self) -> Iterator[Any]:
        return islice(iter(self._dataloader), _BATCHES)

    def __len__(self) -> int:
        return min(len(self._dataloader), _BATCHES)


def _validated(runner: Runner) -> tuple[dict[str, Any], str]:
    """Figures of the first batches, or why there are none."""
    loop = runner.val_loop
    if loop is None:
        return {}, ''
    whole = len(loop.dataloader) <= _BATCHES
    loop.dataloader = _FirstBatches(loop.dataloader)
    try:
        return runner.val(), ''
    except UserError as error:
        if whole:
            raise
        # Some figures need all samples, e.g. a query and its match.
        return {}, f'no figures: {str(error).splitlines()[0]}'
