"""Precise batch norm: running statistics with the weights as they are now."""

from __future__ import annotations

import copy
from itertools import islice
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from torch.nn.modules.batchnorm import _BatchNorm

from ...errors import check_at_least
from ...registry import HOOKS
from ..checkpoints import unwrapped
from ..checkpoints.resuming import preserved_rng
from ..dataloaders import batch_size_of, stop_workers
from ..loops.epoch_batches import batches_from


@HOOKS.register_module()
class PreciseBNHook(Hook):
    """Replaces running statistics of batch norms by their mean over some batches.

    Paper: Rethinking "Batch" in BatchNorm, https://arxiv.org/abs/2105.07576. Differs
    from mmpretrain's in that at least one batch is counted, and random numbers and the
    order of the data are those of a training without it. Give it the priority
    ``'ABOVE_NORMAL'``, so that checkpoints and averages come after it.

    Args:
        num_samples: How many samples of the training data to count, of all processes.
        interval: How often, in epochs where training goes by epochs, else in
            iterations.

    Raises:
        ValueError: if one of them is below 1.
    """

    def __init__(self, num_samples: int = 8192, interval: int = 1) -> None:
        check_at_least(1, num_samples=num_samples, interval=interval)
        self.num_samples = num_samples
        self.interval = interval

    def after_train_epoch(self, runner: Runner) -> None:
        """Count, if training goes by epochs and it is time."""
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        if by_epoch and self.every_n_epochs(runner, self.interval):
            self._count(runner)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Count, if training goes by iterations and it is time."""
        by_iter = isinstance(runner.train_loop, IterBasedTrainLoop)
        if by_iter and self.every_n_train_iters(runner, self.interval):
            self._count(runner)

    def _count(self, runner: Runner) -> None:
        model = unwrapped(runner.model)
        norms = [m for m in model.modules() if m.training and isinstance(m, _BatchNorm)]
        norms = [norm for norm in norms if norm.track_running_stats]
        if not norms:
            runner.logger.warning('PreciseBNHook: the model has no batch norm')
            return
        # A copy, as the training may be in the midst of a pass over the data.
        loader = copy.copy(runner.train_loop.dataloader)
        loader._iterator = None
        size = (batch_size_of(loader) or 1) * get_world_size()
        count = max(1, min(self.num_samples // size, len(loader)))
        sums = [(torch.zeros_like(n.running_mean),) * 2 for n in norms]
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.momentum = 1.0  # statistics of the last batch alone
        try:
            with preserved_rng(), torch.no_grad():
                for batch in islice(batches_from(loader, runner.epoch), count):
                    model(**model.data_preprocessor(batch, False))
                    sums = [
                        (mean + n.running_mean, var + n.running_var)
                        for n, (mean, var) in zip(norms, sums, strict=True)
                    ]
        finally:
            stop_workers(loader)
            for norm, momentum in zip(norms, momenta, strict=True):
                norm.momentum = momentum
        for norm, (mean, var) in zip(norms, sums, strict=True):
            for buffer, total in ((norm.running_mean, mean), (norm.running_var, var)):
                total = total / count
                all_reduce(total, 'mean')
                buffer.copy_(total)
        runner.logger.info(f'{len(norms)} batch norms measured on {count} batches')
