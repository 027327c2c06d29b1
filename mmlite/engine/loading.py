"""Load and resume checkpoints when a runner begins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.hooks import EMAHook
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop

from ..errors import CheckpointError
from .assembly import RunnerAssembly
from .checkpoints import (
    LoadReport,
    load_checkpoint,
    load_state,
    resuming,
    unwrapped,
)
from .checkpoints.content import not_finite
from .checkpoints.training_state import Origin, odd_content, restore_training
from .classes import follow_checkpoint
from .terminal import say

_REVISE_KEYS = ((r'^module\.', ''),)


class RunnerLoading(RunnerAssembly):
    """The part of a runner that loads weights and resumes trainings.

    Attributes:
        resuming: Whether a training was resumed from a checkpoint.
        resumed: From which one, and with which config that was trained.
    """

    resuming = False
    resumed: Origin | None = None
    _evaluating = False
    _training = False
    _initialised = False
    _lr_scaled = False
    _resume_again: tuple | None = None

    def load_or_resume(self) -> None:
        """Load or resume the checkpoint that the config names, once."""
        if self._resume_again is not None:
            given, self._resume_again = self._resume_again, None
            self.resume(*given)
        elif not self._has_loaded:
            path, resumed = self._to_load()
            if path is None:
                self._initialise()
            elif resumed:
                self.resume(path)
            else:
                self.load_checkpoint(path)

    def _to_load(self) -> tuple[str | None, bool]:
        """The checkpoint to begin with, and whether it is resumed."""
        path, resume = self._load_from, self._resume
        if not resume:
            return path, False
        if isinstance(resume, (str, Path)) and resume != 'auto':
            return str(resume), True
        if path is not None and resume != 'auto':
            return path, True
        latest = resuming.latest_checkpoint(self.work_dir)
        if latest is not None:
            return latest, True
        begun = 'a new start' if path is None else f'it begins with load_from, {path}'
        say(self.logger, f'nothing to resume in {self.work_dir}: {begun}')
        return path, False

    def _init_model_weights(self) -> None:
        """Done by loading, which knows what a checkpoint does not fill."""

    def _initialise(self) -> None:
        """Initialise the weights, once."""
        if not (self._initialised or self._evaluating):
            self._initialised = True
            super()._init_model_weights()

    def scale_lr(
        self, optim_wrapper: OptimWrapper, auto_scale_lr: dict | None = None
    ) -> None:
        """Scale the learning rate from the batch size it was chosen for, once."""
        if not self._lr_scaled:
            self._lr_scaled = True
            super().scale_lr(optim_wrapper, auto_scale_lr)

    def load_checkpoint(
        self,
        filename: str,
        map_location: Any = 'cpu',
        strict: bool = False,
        revise_keys: Sequence[Sequence[str]] = _REVISE_KEYS,
    ) -> dict[str, Any]:
        """Put the weights of a checkpoint into the model; return all it holds.

        Args:
            filename: A file or URL.
            map_location: The device for the tensors that are returned.
            strict: Whether every entry must have its match.
            revise_keys: Pairs of a regular expression and what to replace it
                with, applied to the names in the checkpoint.

        Raises:
            CheckpointError: if it is unreadable, or of another model.
        """
        checkpoint, _ = self._load(filename, map_location, strict, revise_keys)
        return checkpoint

    def _load(
        self,
        filename: str,
        map_location: Any,
        strict: bool = False,
        revise_keys: Sequence[Sequence[str]] = _REVISE_KEYS,
    ) -> tuple[dict[str, Any], LoadReport]:
        checkpoint = self._read(filename, map_location)
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        given = dict(
            strict=strict,
            whole=self._evaluating,
            revise_keys=revise_keys,
            source=str(filename),
        )
        if not (self._evaluating or self._initialised):
            # What a checkpoint fills need not be initialised, nor can always be.
            trial = dict(given, strict=False, quiet=True)
            if not load_state(self.model, checkpoint, **trial).whole:
                self._initialise()
        report = load_state(self.model, checkpoint, **given)
        self._initialised = self._has_loaded = True
        say(self.logger, report.loaded(filename))
        self._look_for_nan(filename)
        if self._evaluating:
            follow_checkpoint(self, checkpoint, str(filename))
        return checkpoint, report

    def _look_for_nan(self, filename: str) -> None:
        """Say that weights are NaN, or do not go on with them.

        Raises:
            CheckpointError: if a training would go on from them.
        """
        name = not_finite(dict(unwrapped(self.model).named_parameters()))
        if name is None:
            return
        message = f'{filename}: {name} holds NaN or infinite values'
        if self.resuming:
            raise CheckpointError(f'{message}; resume an earlier file')
        self.logger.warning(f'{message}, and so will all that is computed from them')

    def _read(self, filename: str, map_location: Any) -> dict[str, Any]:
        try:
            return load_checkpoint(filename, map_location)
        except CheckpointError as error:
            if not self.resuming or '://' in str(filename):
                raise
            other = resuming.whole_one(Path(filename).parent, filename)
            raise CheckpointError(f'{error}{other}') from error

    def resume(
        self,
        filename: str,
        resume_optimizer: bool = True,
        resume_param_scheduler: bool = True,
        map_location: Any = 'default',
    ) -> None:
        """Go on with a training as it was when a checkpoint was saved.

        Before :meth:`train` it shows where that is, and is done once more in it, when
        all hooks are there.

        Args:
            filename: A checkpoint of mmlite or mmengine.
            resume_optimizer: Whether to restore the optimizer.
            resume_param_scheduler: Whether to restore the schedulers.
            map_location: The device on which the checkpoint is read.

        Raises:
            CheckpointError: if it is unreadable, or does not fit.
        """
        self.resuming = True
        ahead = not self._training
        if ahead:
            self._build_training()
            given = filename, resume_optimizer, resume_param_scheduler, map_location
            self._resume_again = given
        location = 'cpu' if map_location == 'default' else map_location
        with odd_content(str(filename)):
            self._resume_from(
                str(filename), location, resume_optimizer, resume_param_scheduler
            )
        if not ahead:
            say(self.logger, f'{"resumed":<9} after {self._progress()}')

    def _resume_from(
        self, filename: str, location: Any, with_optimizer: bool, with_schedules: bool
    ) -> None:
        checkpoint, report = self._load(filename, location)
        if report.missing or report.mismatched:
            raise CheckpointError(
                f'{filename} cannot be resumed with this model: {report}\n'
                'use it as load_from instead to start a new training with what fits'
            )
        if 'ema_state_dict' in checkpoint and not self._averages_weights():
            self.logger.warning(
                f'{filename} was saved with a moving average, which this config '
                'lacks: the training goes on from averaged weights; add '
                "custom_hooks=[dict(type='EMAHook')] to go on with those that it had"
            )
        cfg = restore_training(
            self, checkpoint, filename, with_optimizer, with_schedules
        )
        self.resumed = Origin(filename, cfg)

    def _progress(self) -> str:
        by_epoch = self._trains_by_epoch()
        limit = 'max_epochs' if by_epoch else 'max_iters'
        text = self._done()
        if 0 < getattr(self, limit) <= (self.epoch if by_epoch else self.iter):
            text += f', which is all; raise train_cfg.{limit} to train on'
        if getattr(self.train_loop, 'validating', False):
            text += '; first comes the validation after them'
        return text

    def _done(self) -> str:
        epochs = f' (epochs done: {self.epoch})' if self._trains_by_epoch() else ''
        return f'{self.iter} iterations{epochs}'

    def _trains_by_epoch(self) -> bool:
        return isinstance(self.built_loops.get('train'), EpochBasedTrainLoop)

    def _averages_weights(self) -> bool:
        return any(isinstance(hook, EMAHook) for hook in self.hooks)
