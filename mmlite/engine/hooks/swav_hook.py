"""The queue of SwAV, and its prototypes in the first iterations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from ...errors import ConfigError
from ...registry import HOOKS
from ...saved import read_saved
from ..checkpoints import unwrapped


@HOOKS.register_module()
class SwAVHook(Hook):
    """Gives ``model.head.loss_module`` a queue, and freezes parts of a model at first.

    The queue is that of each process, and is saved in the working directory at the end
    of epochs; a resumed run goes on with it.

    Paper: Unsupervised Learning of Visual Features by Contrasting Cluster
    Assignments, https://arxiv.org/abs/2006.09882.

    Args:
        batch_size: Images of a batch of one process.
        epoch_queue_starts: From which epoch on there is a queue.
        crops_for_assign: Which views are assigned; each has a queue.
        feat_dim: Width of the features.
        queue_length: Features in the queue of a view, of all processes together; it is
            cut to whole batches. 0 has none.
        interval: After how many epochs the queue is saved.
        frozen_layers_cfg: Parts of names of parameters, and up to which iteration they
            are frozen, e.g. ``dict(prototypes=5005)``.

    Raises:
        ConfigError: when training begins, if the loss of the model has no queue, or
            no parameter has such a name.
    """

    def __init__(
        self,
        batch_size: int,
        epoch_queue_starts: int = 15,
        crops_for_assign: Sequence[int] = (0, 1),
        feat_dim: int = 128,
        queue_length: int = 0,
        interval: int = 1,
        frozen_layers_cfg: Mapping[str, int] | None = None,
    ) -> None:
        batch = batch_size * get_world_size()
        self.epoch_queue_starts = epoch_queue_starts
        self.crops_for_assign = tuple(crops_for_assign)
        self.feat_dim = feat_dim
        self.queue_length = queue_length - queue_length % batch
        self.interval = interval
        self.frozen_layers_cfg = dict(frozen_layers_cfg or {})

    def before_train(self, runner: Runner) -> None:
        """Find the loss, and the queue of the run that is resumed."""
        model = unwrapped(runner.model)
        self.loss = getattr(getattr(model, 'head', None), 'loss_module', None)
        if not hasattr(self.loss, 'use_queue'):
            raise ConfigError(
                f'SwAVHook: {type(model).__name__} has no head.loss_module with a '
                'queue; the hook is for SwAV'
            )
        for part in self.frozen_layers_cfg:
            if not self._parameters(runner, part):
                raise ConfigError(
                    f'SwAVHook: frozen_layers_cfg names {part!r}, but no parameter of '
                    f'{type(model).__name__} has that in its name'
                )
        self.file = Path(runner.work_dir) / f'queue{get_rank()}.pth'
        if runner.iter and self.file.is_file():
            self.loss.queue = read_saved(self.file, self._device())

    def before_train_epoch(self, runner: Runner) -> None:
        """Begin the queue, if its time has come; it is used when it is full."""
        begun = runner.epoch >= self.epoch_queue_starts
        if self.queue_length and begun and self.loss.queue is None:
            length = self.queue_length // get_world_size()
            shape = len(self.crops_for_assign), length, self.feat_dim
            self.loss.queue = torch.zeros(shape, device=self._device())
        self.loss.use_queue = False

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Freeze what is to be frozen in this iteration."""
        for part, iterations in self.frozen_layers_cfg.items():
            for parameter in self._parameters(runner, part):
                parameter.requires_grad_(runner.iter >= iterations)

    def after_train_epoch(self, runner: Runner) -> None:
        """Save the queue."""
        if self.loss.queue is not None and self.every_n_epochs(runner, self.interval):
            torch.save(self.loss.queue, self.file)

    def _parameters(self, runner: Runner, part: str) -> list[nn.Parameter]:
        named = unwrapped(runner.model).named_parameters()
        return [parameter for name, parameter in named if part in name]

    def _device(self) -> torch.device:
        return self.loss.prototypes.weight.device
