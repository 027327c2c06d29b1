"""Find a learning rate by a short training in which it rises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner

from ..errors import UserError
from .short_run import Enough, set_aside, short_run
from .stand_in import find_data
from .targets import FIGURES, target_file
from .training import prepare_training
from .zoo.configs import config_at

__all__ = ['LearningRates', 'find_lr']

_SMOOTHING = 0.95
_DIVERGED = 4.0  # times the best loss


class LearningRates(NamedTuple):
    """What a sweep of learning rates found.

    Args:
        lrs: The learning rates, one an iteration.
        losses: The loss of each.
        smoothed: Their running mean.
        suggestion: Where it falls fastest; None where it does not fall, or by no more
            than it varies from one iteration to the next.
        best: Where it is least; training diverges not far from there.
        picture: The file of the plot.
    """

    lrs: list[float]
    losses: list[float]
    smoothed: list[float]
    suggestion: float | None
    best: float
    picture: Path


def find_lr(
    config: str | Path | Config | dict,
    overrides: Sequence[str] = (),
    *,
    start_lr: float = 1e-6,
    end_lr: float = 1.0,
    num_iters: int = 100,
    mode: Literal['exp', 'linear'] = 'exp',
    out: str | Path | None = None,
) -> LearningRates:
    """Train with a learning rate that rises from iteration to iteration.

    Paper: Cyclical Learning Rates for Training Neural Networks, WACV 2017,
    https://arxiv.org/abs/1506.01186. The sweep ends early where the loss is four times
    the least one, or NaN. Parameter groups keep their ratio to each other. The only
    files that stay are the plot and a table beside it.

    Args:
        config: A config file, a loaded config, or a dict, or the checkpoint or work_dir
            of a training.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        start_lr: The first learning rate.
        end_lr: The last one.
        num_iters: Number of iterations.
        mode: ``'exp'``: each is the one before times a factor; ``'linear'``: plus a
            number.
        out: The plot; by default ``lr_finder.png`` in the work_dir. The table has the
            same name, and the ending ``.csv``.

    Returns:
        The learning rates, their losses, and the suggestion, if the loss falls.

    Raises:
        UserError: if the range makes no sense, or training diverges at once.
        ConfigError: if the config has mistakes; all of them are listed.
    """
    if not 0 < start_lr < end_lr or num_iters < 10 or mode not in ('exp', 'linear'):
        raise UserError(
            'a sweep needs 0 < start_lr < end_lr, 10 iterations or more, and the mode '
            f"'exp' or 'linear'; got {start_lr:g}, {end_lr:g}, {num_iters} and {mode!r}"
        )
    cfg = prepare_training(config_at(config), overrides, validate=False)
    picture = target_file(out or Path(cfg.work_dir, 'lr_finder.png'), FIGURES, 'plots')
    find_data(cfg)
    cfg.param_scheduler = None
    for key in ('max_epochs', 'max_iters'):
        if cfg.train_cfg.get(key):
            cfg.train_cfg[key] = max(cfg.train_cfg[key], num_iters)
    space = np.geomspace if mode == 'exp' else np.linspace
    sweep = _Sweep(space(start_lr, end_lr, num_iters).tolist())
    with set_aside() as folder:
        short_run(cfg, folder, sweep)
    return _found(sweep, mode, picture)


class _Sweep(Hook):
    """Set the learning rate of each iteration, and keep its loss."""

    def __init__(self, lrs: list[float]) -> None:
        self.lrs = lrs
        self.losses: list[float] = []
        self.smoothed: list[float] = []
        self._factors: list[float] = []
        self._mean = 0.0

    def before_train(self, runner: Runner) -> None:
        """Note how the learning rates of the groups relate to each other."""
        if isinstance(runner.optim_wrapper, OptimWrapperDict):
            raise UserError(
                'a sweep needs one optimizer, but optim_wrapper has several'
            )
        groups = runner.optim_wrapper.param_groups
        largest = max(group['lr'] for group in groups) or 1.0
        self._factors = [group['lr'] / largest for group in groups]

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Set the learning rate."""
        lr = self.lrs[len(self.losses)]
        groups = runner.optim_wrapper.param_groups
        for group, factor in zip(groups, self._factors, strict=True):
            group['lr'] = lr * factor

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Keep the loss; end where it is too large, or at the last learning rate."""
        loss = float(outputs['loss'])
        if not math.isfinite(loss):
            raise Enough
        self.losses.append(loss)
        self._mean = _SMOOTHING * self._mean + (1 - _SMOOTHING) * loss
        # As a mean that began at 0 it is too small at first.
        self.smoothed.append(self._mean / (1 - _SMOOTHING ** len(self.losses)))
        diverged = self.smoothed[-1] > _DIVERGED * min(self.smoothed)
        if diverged and min(self.smoothed) > 0 or len(self.losses) == len(self.lrs):
            raise Enough


def _found(sweep: _Sweep, mode: str, picture: Path) -> LearningRates:
    count = len(sweep.losses)
    if count < 3:
        raise UserError(
            f'training diverged after {count} iterations, with a learning rate of '
            f'{sweep.lrs[count]:g}; lower start_lr'
        )
    lrs = sweep.lrs[:count]
    suggestion, best = steepest(lrs, sweep.smoothed, mode)
    if not falls(sweep.losses, sweep.smoothed):
        suggestion = None
    found = LearningRates(lrs, sweep.losses, sweep.smoothed, suggestion, best, picture)
    _write(found, mode)
    return found


def steepest(
    lrs: Sequence[float], losses: Sequence[float], mode: str = 'exp'
) -> tuple[float, float]:
    """Where a loss falls fastest after the first tenth, and where it is least.

    Args:
        lrs: Rising learning rates, two or more.
        losses: Their losses.
        mode: ``'exp'`` takes the slope over the logarithm of the learning rate,
            ``'linear'`` over itself.

    Example:
        >>> steepest([1e-4, 1e-3, 1e-2, 1e-1, 1.0], [5.0, 4.8, 3.0, 2.0, 9.0])
        (0.01, 0.1)
    """
    first, least = _descent(losses)
    at = np.log(lrs) if mode == 'exp' else np.asarray(lrs)
    slopes = np.gradient(np.asarray(losses), at)
    place = first + int(np.argmin(slopes[first : least + 1]))
    return lrs[place], lrs[least]


def _descent(smoothed: Sequence[float]) -> tuple[int, int]:
    """From where to where a loss is looked at."""
    least = int(np.argmin(smoothed))
    # A running mean of few losses says little.
    return min(len(smoothed) // 10, least), least


def falls(losses: Sequence[float], smoothed: Sequence[float]) -> bool:
    """Whether a loss falls by more than it varies from one iteration to the next.

    Args:
        losses: The losses.
        smoothed: Their running mean.

    Example:
        >>> falls([5.0, 4.0, 3.0, 2.0], [5.0, 4.5, 4.0, 3.5])
        True
        >>> falls([5.0, 6.0, 4.5, 5.5], [5.0, 5.5, 4.9, 5.1])
        False
    """
    first, least = _descent(smoothed)
    if least - first < 2:
        return False
    # A steady fall is no variation. Each step has that of two losses.
    noise = np.diff(losses[: least + 1]).std() / math.sqrt(2)
    rounding = 1e-6 * abs(smoothed[first])
    return bool(smoothed[first] - smoothed[least] > max(noise, rounding))


def _write(found: LearningRates, mode: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5))
    axes = figure.add_subplot()
    axes.plot(found.lrs, found.losses, color='0.8', label='loss')
    axes.plot(found.lrs, found.smoothed, label='running mean')
    if found.suggestion is not None:
        label = f'steepest: {found.suggestion:.2g}'
        axes.axvline(found.suggestion, color='C1', ls='--', label=label)
        # What comes before it diverges is to be seen.
        least, first = min(found.smoothed), found.smoothed[0]
        margin = abs(first - least)
        axes.set_ylim(least - 0.1 * margin, first + 0.5 * margin)
    axes.axvline(found.best, color='C2', ls=':', label=f'least: {found.best:.2g}')
    axes.set(xlabel='learning rate', ylabel='loss')
    axes.set_xscale('log' if mode == 'exp' else 'linear')
    axes.legend()
    found.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(found.picture, dpi=120)
    rows = zip(found.lrs, found.losses, found.smoothed, strict=True)
    lines = ['lr,loss,running_mean', *(','.join(f'{v:.8g}' for v in r) for r in rows)]
    found.picture.with_suffix('.csv').write_text('\n'.join(lines) + '\n')
