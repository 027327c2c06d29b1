"""The runner: a config made to train, validate and test."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.dist import is_main_process, master_only
from mmengine.runner import BaseLoop
from torch import nn

from ..config import advise_custom_keys, check, is_for_training, settle_phases
from ..errors import CheckpointError, ConfigError, Problem, TrainingError
from ..registry import RUNNERS, use_scope
from .checkpoints import BackgroundWriter, resuming, save_checkpoint
from .checkpoints.training_state import training_state
from .dataloaders import OF_WORKERS, stop_workers
from .determinism import report_undetermined
from .environment import launched_by, prepare_work_dir, report_full_disk
from .interrupt import Interrupted, InterruptSwitch
from .loading import RunnerLoading
from .ranks import lost_workers, shared_failures
from .terminal import STATUS_LINE
from .work_dir import occupied, report_earlier_run

#: What is saved after Ctrl-C.
_INTERRUPTED = 'interrupted.pth'
#: Sections for which None stands for the default, as for any other.
_WITH_DEFAULTS = ('env_cfg', 'randomness')


@RUNNERS.register_module()
class Runner(RunnerLoading):
    """mmengine's runner, fitted to today's machines.

    Use it through :meth:`from_cfg`, then :meth:`train`, :meth:`val` or
    :meth:`test`. Differs from mmengine's in that

    - the terminal shows a few lines, and the log file everything;
    - several processes work on CPUs too;
    - checkpoints are written whole, read without executing anything, and
      resumed at the very iteration, random numbers included;
    - Ctrl-C saves before it stops;
    - mistakes in a config are reported with their place.

    Args:
        model: A model, or a dict to build it.
        work_dir: Where logs and checkpoints go.
        *args: Further arguments of mmengine's ``Runner``.
        default_scope: A scope of the user's own whose registries are searched
            first; then come mmlite's, which hold mmengine's too.
        **kwargs: Further arguments of mmengine's ``Runner``.

    Attributes:
        checkpoint_writer: Writes checkpoints while training goes on.
        interrupt: Lets loops know when Ctrl-C was pressed.
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
        use_scope(default_scope)
        self.checkpoint_writer = BackgroundWriter()
        self.interrupt = InterruptSwitch()
        self.pending_rng: Mapping[str, Any] | None = None
        self._advice_on_training: list[Problem] = []
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
        if cfg.get('launcher') is None and (launcher := launched_by(None)) != 'none':
            cfg = copy.copy(cfg)
            cfg['launcher'] = launcher
        unset = [key for key in _WITH_DEFAULTS if cfg.get(key, {}) is None]
        cfg = copy.copy(cfg) if unset else cfg
        for key in unset:
            cfg.pop(key)
        with _of_file(cfg.filename):
            runner = super().from_cfg(settle_phases(cfg))
        if (idle := cfg.get('test_dataloader')) and not runner.cfg.test_dataloader:
            # Not built without a test, but predictions and exports look for it.
            runner.cfg.test_dataloader = copy.deepcopy(idle)
            runner.__dict__.pop('cfg_text', None)
        names = [name for name, _ in runner.model.named_parameters()]
        for problem in (*advice, *advise_custom_keys(cfg, names)):
            if is_for_training(problem):
                runner._advice_on_training.append(problem)
            else:
                runner.advise(problem)
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
            Interrupted: after Ctrl-C, SIGTERM or SIGHUP, when a checkpoint is saved.
            TrainingError: if the loss is NaN or infinite.
        """
        self._training = True
        try:
            with self._running(), self._own_folder():
                for problem in self._advice_on_training:
                    self.advise(problem)
                trained = super().train()
                self._remove_superseded()
                return trained
        except TrainingError as error:
            self.call_hook('after_failure', reason=str(error))
            raise
        except KeyboardInterrupt:
            STATUS_LINE.clear()
            loop = self.built_loops.get('train')
            if self.interrupt.aborted or loop is None or loop.iter == 0:
                raise
            raise self._save_interrupted() from None
        finally:
            self._training = False

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
                lost_workers(),
                report_full_disk(self.work_dir),
                _of_file(self.cfg.filename),
                warnings.catch_warnings(),
                report_undetermined(self.logger),
            ):
                # Schedulers do step before the optimizer's first step where that
                # accumulates gradients, or finds its loss scale too large.
                warnings.filterwarnings('ignore', 'Detected call of `scheduler.step')
                warnings.filterwarnings('ignore', OF_WORKERS)  # said by the loader
                yield
                self.checkpoint_writer.wait()
        finally:
            self._finish_writing()
            for loop in self.built_loops.values():
                stop_workers(loop.dataloader)

    @contextmanager
    def _own_folder(self) -> Iterator[None]:
        """Say if another training writes, or has written, to the same folder."""
        if not is_main_process():
            yield
            return
        if not self._resume and self._resume_again is None:
            report_earlier_run(self.work_dir, self.logger)
        with occupied(self.work_dir, self.logger):
            yield

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

    @master_only
    def _remove_superseded(self) -> None:
        """Remove what Ctrl-C saved, once the training that it was for is done."""
        source = Path(self.resumed.source) if self.resumed else Path()
        if source.name == _INTERRUPTED and resuming.superseded(
            self.work_dir, str(source)
        ):
            source.unlink()
            self.logger.info(f'removed {source}, from which this training went on')

    def _save_interrupted(self) -> Interrupted:
        name = _INTERRUPTED
        path = os.path.join(self.work_dir, name)
        validating = getattr(self.train_loop, 'validating', False)
        meta = dict(epoch=self.epoch, iter=self.iter, validating=validating)
        self.call_hook('before_all_save')
        states = resuming.gathered_rng_states()
        self.save_checkpoint(self.work_dir, name, meta=meta, rng_states=states)
        if is_main_process():
            resuming.remember_latest(self.work_dir, path)
        self.visualizer.close()
        self.call_hook('after_interruption')
        interrupted = Interrupted(path, self._done(), self.interrupt.signum)
        self.logger.info(str(interrupted))
        return interrupted

    def restore_rng(self) -> None:
        """Take up the random numbers where a resumed run left them."""
        if self.pending_rng is not None:
            resuming.set_rng_state(self.pending_rng)
            self.pending_rng = None

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
