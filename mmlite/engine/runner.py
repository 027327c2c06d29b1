"""The runner: a config made to train, validate and test."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.dist import is_main_process, master_only
from mmengine.hooks import EMAHook
from mmengine.runner import BaseLoop, EpochBasedTrainLoop
from torch import nn

from ..config import advise_custom_keys, check
from ..errors import CheckpointError, ConfigError, Problem
from ..registry import RUNNERS
from .assembly import RunnerAssembly
from .checkpoints import (
    BackgroundWriter,
    LoadReport,
    load_checkpoint,
    load_state,
    resuming,
    save_checkpoint,
)
from .checkpoints.training_state import restore_training, training_state
from .classes import follow_checkpoint
from .dataloaders import stop_workers
from .environment import prepare_work_dir, report_full_disk
from .interrupt import Interrupted, InterruptSwitch
from .ranks import shared_failures
from .terminal import STATUS_LINE, say

_REVISE_KEYS = ((r'^module\.', ''),)


@RUNNERS.register_module()
class Runner(RunnerAssembly):
    """mmengine's runner, fitted to today's machines.

    Use it through :meth:`from_cfg`, then :meth:`train`, :meth:`val` or
    :meth:`test`. Differs from mmengine's in that

    - the terminal shows a few lines, and the log file everything;
    - several processes work on CPUs too;
    - checkpoints are written whole, read without executing anything, and
      resumed at the very iteration, random numbers included;
    - Ctrl-C saves before it stops;
    - mistakes in a config are told with their place.

    Args:
        model: A model, or a dict to build it.
        work_dir: Where logs and checkpoints go.
        *args: Further arguments of mmengine's ``Runner``.
        default_scope: Not used: names are always looked up in mmlite's
            registries, which hold mmengine's too.
        **kwargs: Further arguments of mmengine's ``Runner``.

    Attributes:
        checkpoint_writer: Writes checkpoints while training goes on.
        interrupt: Tells loops when Ctrl-C was pressed.
        resuming: Whether a training was taken up again from a checkpoint.
        pending_rng: The random state to begin training with.

    Raises:
        ConfigError: if the settings have mistakes.
        UserError: if work_dir cannot be written to.
    """

    def __init__(
        self,
        model: nn.Module | dict,
        work_dir: str,
        *args: Any,
        default_scope: str | None = None,
        **kwargs: Any,
    ) -> None:
        folder = os.path.abspath(work_dir)
        prepare_work_dir(folder)
        self.checkpoint_writer = BackgroundWriter()
        self.interrupt = InterruptSwitch()
        self.resuming = False
        self.pending_rng: Mapping[str, Any] | None = None
        self._evaluating = False
        with shared_failures(), report_full_disk(folder):
            super().__init__(model, work_dir, *args, default_scope='mmlite', **kwargs)

    @classmethod
    def from_cfg(cls, cfg: Config | ConfigDict | dict) -> Runner:
        """Build a runner from a config.

        Raises:
            ConfigError: if the config has mistakes.
        """
        cfg = cfg if isinstance(cfg, Config) else Config(cfg)
        advice = check(cfg, build_model=False)
        if not cfg.get('work_dir'):
            problem = Problem('work_dir', 'is missing: a folder for the results')
            raise ConfigError([problem], cfg.filename)
        with _of_file(cfg.filename):
            runner = super().from_cfg(cfg)
        names = [name for name, _ in runner.model.named_parameters()]
        for problem in (*advice, *advise_custom_keys(cfg, names)):
            runner.logger.warning(str(problem))
        return runner

    @property
    def epoch(self) -> int:
        """Number of epochs that are done."""
        return getattr(self._train_loop, 'epoch', 0)

    @property
    def iter(self) -> int:
        """Number of iterations that are done; hooks ask for it all the time."""
        return getattr(self._train_loop, 'iter', 0)

    @property
    def built_loops(self) -> dict[str, BaseLoop]:
        """The loops that are built so far, by ``'train'``, ``'val'``, ``'test'``."""
        loops = dict(train=self._train_loop, val=self._val_loop, test=self._test_loop)
        return {
            name: loop for name, loop in loops.items() if isinstance(loop, BaseLoop)
        }

    def train(self) -> nn.Module:
        """Train, and return the model.

        Raises:
            Interrupted: after Ctrl-C, when a checkpoint is saved.
            TrainingError: if the loss is no number any more.
        """
        try:
            with self._running():
                return super().train()
        except KeyboardInterrupt:
            STATUS_LINE.clear()
            loop = self.built_loops.get('train')
            if self.interrupt.aborted or loop is None or loop.iter == 0:
                raise
            raise self._save_interrupted() from None

    def val(self) -> dict[str, Any]:
        """Validate, and return the metrics.

        Raises:
            CheckpointError: if ``load_from`` lacks weights of the model.
        """
        with self._running(), self._only_evaluating():
            return super().val()

    def test(self) -> dict[str, Any]:
        """Test, and return the metrics.

        Raises:
            CheckpointError: if ``load_from`` lacks weights of the model.
        """
        with self._running(), self._only_evaluating():
            return super().test()

    @contextmanager
    def _running(self) -> Iterator[None]:
        try:
            with (
                shared_failures(),
                report_full_disk(self.work_dir),
                _of_file(self.cfg.filename),
                warnings.catch_warnings(),
            ):
                # Schedulers do step before the optimizer's first step where that
                # accumulates gradients, or finds its loss scale too large.
                warnings.filterwarnings('ignore', 'Detected call of `scheduler.step')
                yield
                self.checkpoint_writer.wait()
        finally:
            self._finish_writing()
            for loop in self.built_loops.values():
                stop_workers(loop.dataloader)

    @contextmanager
    def _only_evaluating(self) -> Iterator[None]:
        """Let a checkpoint that is loaded inside have all weights of the model."""
        self._evaluating = True
        try:
            yield
        finally:
            self._evaluating = False

    def _finish_writing(self) -> None:
        """Let no checkpoint be left half-written, while something else goes wrong."""
        try:
            self.checkpoint_writer.close()
        except CheckpointError as error:
            self.logger.error(str(error))

    def _save_interrupted(self) -> Interrupted:
        name = 'interrupted.pth'
        path = os.path.join(self.work_dir, name)
        validating = getattr(self.train_loop, 'validating', False)
        meta = dict(epoch=self.epoch, iter=self.iter, validating=validating)
        self.save_checkpoint(self.work_dir, name, meta=meta)
        if is_main_process():
            resuming.remember_latest(self.work_dir, path)
        self.visualizer.close()
        interrupted = Interrupted(path, self._done())
        self.logger.info(str(interrupted))
        return interrupted

    def restore_rng(self) -> None:
        """Take up the random numbers where a resumed run left them."""
        if self.pending_rng is not None:
            resuming.set_rng_state(self.pending_rng)
            self.pending_rng = None

    def load_or_resume(self) -> None:
        """Load or resume the checkpoint that the config names, once."""
        if self._has_loaded:
            return
        path = self._load_from
        if self._resume:
            if isinstance(self._resume, (str, Path)) and self._resume != 'auto':
                path = str(self._resume)
            path = path or resuming.latest_checkpoint(self.work_dir)
            if path is None:
                say(self.logger, f'nothing to resume in {self.work_dir}: a new start')
                return
            self.resume(path)
        elif path is not None:
            self.load_checkpoint(path)

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
        checkpoint = load_checkpoint(filename, map_location)
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        report = load_state(
            self.model,
            checkpoint,
            strict=strict,
            whole=self._evaluating,
            revise_keys=revise_keys,
            source=str(filename),
        )
        self._has_loaded = True
        say(self.logger, report.loaded(filename))
        if self._evaluating:
            follow_checkpoint(self, checkpoint, str(filename))
        return checkpoint, report

    def resume(
        self,
        filename: str,
        resume_optimizer: bool = True,
        resume_param_scheduler: bool = True,
        map_location: Any = 'default',
    ) -> None:
        """Go on with a training as it was when a checkpoint was saved.

        Args:
            filename: A checkpoint of mmlite or mmengine.
            resume_optimizer: Whether to restore the optimizer.
            resume_param_scheduler: Whether to restore the schedulers.
            map_location: The device on which the checkpoint is read.

        Raises:
            CheckpointError: if it is unreadable, or does not fit.
        """
        self.resuming = True
        location = 'cpu' if map_location == 'default' else map_location
        checkpoint, report = self._load(filename, location)
        if report.missing or report.mismatched:
            raise CheckpointError(
                f'{filename} cannot be resumed with this model: {report}\n'
                'take it as load_from instead to begin anew with what fits'
            )
        if 'ema_state_dict' in checkpoint and not self._averages_weights():
            self.logger.warning(
                f'{filename} was saved with a moving average, which this config has '
                'not: the training goes on from averaged weights; add '
                "custom_hooks=[dict(type='EMAHook')] to go on with those that it had"
            )
        restore_training(
            self, checkpoint, str(filename), resume_optimizer, resume_param_scheduler
        )
        say(self.logger, f'{"resumed":<9} after {self._progress()}')

    def _progress(self) -> str:
        if getattr(self.train_loop, 'validating', False):
            return f'{self._done()}; first comes the validation that was broken off'
        by_epoch = self._trains_by_epoch()
        limit = 'max_epochs' if by_epoch else 'max_iters'
        if not 0 < getattr(self, limit) <= (self.epoch if by_epoch else self.iter):
            return self._done()
        return f'{self._done()}, which is all; raise train_cfg.{limit} to train on'

    def _done(self) -> str:
        epochs = f' (epochs done: {self.epoch})' if self._trains_by_epoch() else ''
        return f'{self.iter} iterations{epochs}'

    def _trains_by_epoch(self) -> bool:
        return isinstance(self.built_loops.get('train'), EpochBasedTrainLoop)

    def _averages_weights(self) -> bool:
        return any(isinstance(hook, EMAHook) for hook in self.hooks)

    @master_only
    def save_checkpoint(
        self,
        out_dir: str,
        filename: str,
        file_client_args: None = None,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        meta: Mapping[str, Any] | None = None,
        by_epoch: bool = True,
        backend_args: None = None,
        rng_states: list | None = None,
        background: bool = False,
        then: Callable[[], Any] | None = None,
    ) -> None:
        """Save the state of the training, whole or not at all.

        Args:
            out_dir: The folder.
            filename: The name of the file.
            file_client_args: Not used: checkpoints are local files.
            save_optimizer: Whether to save the optimizer too.
            save_param_scheduler: Whether to save the schedulers too.
            meta: ``epoch`` and ``iter``, and whatever else to note.
            by_epoch: Whether the running epoch is at its end, where ``meta`` does
                not say; else the running iteration is.
            backend_args: Not used: checkpoints are local files.
            rng_states: The random states of all processes, by rank.
            background: Whether to go on as soon as there is a copy in memory;
                ``checkpoint_writer.wait()`` waits for the file.
            then: Called once the file is there, in the background if it is
                written there.

        Raises:
            CheckpointError: if it, or one before it, cannot be written.
        """
        done = dict(epoch=self.epoch + by_epoch, iter=self.iter + (not by_epoch))
        checkpoint = training_state(
            self,
            done | dict(meta or {}),
            save_optimizer,
            save_param_scheduler,
            rng_states,
        )
        self.call_hook('before_save_checkpoint', checkpoint=checkpoint)
        # Last, as hooks pass on what they have not logged yet.
        checkpoint['message_hub'] = resuming.hub_state(self.message_hub)
        if background:
            self.checkpoint_writer.submit(checkpoint, Path(out_dir, filename), then)
            return
        self.checkpoint_writer.wait()
        save_checkpoint(checkpoint, Path(out_dir, filename))
        if then is not None:
            then()


@contextmanager
def _of_file(filename: str | None) -> Iterator[None]:
    """Let config errors name the file."""
    try:
        yield
    except ConfigError as error:
        if error.source is not None or filename is None:
            raise
        raise ConfigError(error.problems, filename) from error.__cause__
