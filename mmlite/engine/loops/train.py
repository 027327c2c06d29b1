"""Train by epochs or by iterations."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from typing import Any

import mmengine.runner.loops as base
from mmengine.runner import BaseLoop, Runner
from mmengine.runner.utils import calc_dynamic_intervals
from torch import nn
from torch.utils.data import DataLoader

from ...errors import check_at_least
from ...registry import LOOPS
from .epoch_batches import batches_from, endless_batches
from .misfits import misfit
from .step_errors import explained

Intervals = Sequence[Sequence[int]] | None


class TrainLoop(BaseLoop):
    """What both loops share: counters, the validation schedule, stopping.

    Args:
        runner: The runner.
        dataloader: A data loader, or a dict to build it.
        val_begin: The first epoch (iteration) to validate after.
        val_interval: Epochs (iterations) between validations.
        dynamic_intervals: Pairs of an epoch (iteration) and the interval that
            holds from there on.

    Attributes:
        validating: Whether a validation is going on, or was broken off.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        val_begin: int,
        val_interval: int,
        dynamic_intervals: Intervals,
    ) -> None:
        BaseLoop.__init__(self, runner, dataloader)
        check_at_least(1, val_interval=val_interval)
        self._epoch = 0
        self._iter = 0
        self.val_begin = val_begin
        self.val_interval = val_interval
        self.stop_training = False
        self.validating = False
        if dynamic_intervals is not None:
            dynamic_intervals = [tuple(pair) for pair in dynamic_intervals]
        self.dynamic_milestones, self.dynamic_intervals = calc_dynamic_intervals(
            val_interval, dynamic_intervals
        )
        metainfo = getattr(self.dataloader.dataset, 'metainfo', None)
        runner.visualizer.dataset_meta = metainfo

    @property
    def max_epochs(self) -> int:
        """Number of epochs to train."""
        return self._max_epochs

    @property
    def max_iters(self) -> int:
        """Number of iterations to train."""
        return self._max_iters

    @property
    def epoch(self) -> int:
        """Number of epochs that are done."""
        return self._epoch

    @property
    def iter(self) -> int:
        """Number of iterations that are done."""
        return self._iter

    def run(self) -> nn.Module:
        """Train, and return the model."""
        with self.runner.interrupt:
            self.runner.call_hook('before_train')
            self.runner.restore_rng()
            if self.validating:
                self._validate()
            self._run()
            self.runner.checkpoint_writer.wait()
            self.runner.call_hook('after_train')
        return self.runner.model

    def resume(self, epoch: int, iteration: int, batches_per_epoch: int | None) -> bool:
        """Go on from where a checkpoint was saved.

        Args:
            epoch: Number of epochs that were done.
            iteration: Number of iterations that were done.
            batches_per_epoch: As it was then; None if it is not known.

        Returns:
            Whether the place within an epoch could be found again.
        """
        self._epoch, self._iter = epoch, iteration
        return True

    def run_iter(self, idx: int, data_batch: Any) -> None:
        """Train one iteration.

        Args:
            idx: Which batch of the epoch it is, counted from 0.
            data_batch: The batch.

        Raises:
            TrainingError: if the batch is too small for batch normalisation, or too
                large for the GPU.
            ConfigError: if a part gets another width than it takes.
        """
        runner = self.runner
        runner.call_hook('before_train_iter', batch_idx=idx, data_batch=data_batch)
        try:
            outputs = runner.model.train_step(
                data_batch, optim_wrapper=runner.optim_wrapper
            )
        except (RuntimeError, ValueError) as error:
            known = explained(error) or misfit(error, runner.model, data_batch, 'loss')
            if known is None:
                raise
            raise known from error
        runner.call_hook(
            'after_train_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs
        )
        self._iter += 1

    def _stop_if_interrupted(self) -> None:
        if not self.runner.interrupt.due(self._iter):
            return
        # A checkpoint does not hold gradients that wait for the next step.
        if not getattr(self.runner.optim_wrapper, 'accumulating', False):
            raise KeyboardInterrupt

    def validates_after(self, epoch: int, iteration: int) -> bool:
        """Whether a validation follows when so much is done.

        Args:
            epoch: Number of epochs.
            iteration: Number of iterations.
        """
        raise NotImplementedError

    def _interval_after(self, done: int) -> int:
        step = bisect.bisect(self.dynamic_milestones, done + 1)
        return self.dynamic_intervals[step - 1]

    def _is_due(self, done: int, last: int) -> bool:
        if done < max(self.val_begin, 1) or self.runner._val_loop is None:
            return False
        return done % self._interval_after(done) == 0 or done == last

    def _validate_if_due(self, done: int, last: int) -> None:
        self.val_interval = self._interval_after(done)
        if self._is_due(done, last):
            self._validate()

    def _validate(self) -> None:
        self.validating = True
        if self.runner.val_loop is not None:
            self.runner.val_loop.run()
        self.validating = False


@LOOPS.register_module()
class EpochBasedTrainLoop(TrainLoop, base.EpochBasedTrainLoop):
    """Trains by epochs; ``train_cfg=dict(by_epoch=True, ...)``.

    Args:
        runner: The runner.
        dataloader: A data loader, or a dict to build it.
        max_epochs: Number of epochs to train.
        val_begin: The first epoch to validate after.
        val_interval: Epochs between validations.
        dynamic_intervals: Pairs of an epoch and the interval from there on.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        max_epochs: int,
        val_begin: int = 1,
        val_interval: int = 1,
        dynamic_intervals: Intervals = None,
    ) -> None:
        super().__init__(runner, dataloader, val_begin, val_interval, dynamic_intervals)
        self._max_epochs = max_epochs
        self._max_iters = max_epochs * len(self.dataloader)
        self._batches_done = 0  # of the epoch that is resumed
        self._more_iters = 0  # than epochs of today's length have

    def resume(self, epoch: int, iteration: int, batches_per_epoch: int | None) -> bool:
        """Go on from where a checkpoint was saved, also within an epoch."""
        now = len(self.dataloader)
        done = iteration - epoch * (batches_per_epoch or now)
        found = done == 0 or (batches_per_epoch or now) == now and 0 < done <= now
        self._batches_done = done if found else 0
        self._epoch = epoch
        self._iter = iteration if found else epoch * now
        self._more_iters = self._iter - epoch * now - self._batches_done
        return found

    def validates_after(self, epoch: int, iteration: int) -> bool:
        """Whether a validation follows: only at the end of an epoch."""
        ended = iteration - self._more_iters == epoch * len(self.dataloader)
        return ended and self._is_due(epoch, self._max_epochs)

    def _run(self) -> None:
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            self._validate_if_due(self._epoch, self._max_epochs)

    def run_epoch(self) -> None:
        """Train one epoch, or what is left of it."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        start, self._batches_done = self._batches_done, 0
        batches = batches_from(self.dataloader, self._epoch, start)
        for idx, data_batch in enumerate(batches, start):
            self.run_iter(idx, data_batch)
            self._stop_if_interrupted()
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1


@LOOPS.register_module()
class IterBasedTrainLoop(TrainLoop, base.IterBasedTrainLoop):
    """Trains by iterations; ``train_cfg=dict(by_epoch=False, ...)``.

    Passes over the data follow each other without a pause.

    Args:
        runner: The runner.
        dataloader: A data loader, or a dict to build it.
        max_iters: Number of iterations to train.
        val_begin: The first iteration to validate after.
        val_interval: Iterations between validations.
        dynamic_intervals: Pairs of an iteration and the interval from there on.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        max_iters: int,
        val_begin: int = 1,
        val_interval: int = 1000,
        dynamic_intervals: Intervals = None,
    ) -> None:
        super().__init__(runner, dataloader, val_begin, val_interval, dynamic_intervals)
        self._max_epochs = 1  # the whole training is one epoch to the hooks
        self._max_iters = max_iters
        self._batches: Iterator[Any] | None = None

    @property
    def dataloader_iterator(self) -> Iterator[Any]:
        """The batches to come, pass after pass over the data."""
        if self._batches is None:
            self._batches = endless_batches(self.dataloader, self._iter)
        return self._batches

    def resume(self, epoch: int, iteration: int, batches_per_epoch: int | None) -> bool:
        """Go on from where a checkpoint was saved."""
        self._batches = None
        return super().resume(epoch, iteration, batches_per_epoch)

    def validates_after(self, epoch: int, iteration: int) -> bool:
        """Whether a validation follows."""
        return self._is_due(iteration, self._max_iters)

    def _run(self) -> None:
        self.runner.call_hook('before_train_epoch')
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(self._iter, next(self.dataloader_iterator))
            self._stop_if_interrupted()
            self._validate_if_due(self._iter, self._max_iters)
        self._batches = None
        self.runner.call_hook('after_train_epoch')
