"""Stop when the loss is NaN or infinite."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from ...errors import TrainingError, check_at_least
from ...registry import HOOKS
from ...structures import DataSample, SampleBatch
from ..checkpoints import unwrapped
from ..checkpoints.content import not_finite
from ..checkpoints.resuming import latest_checkpoint
from ..history import as_numbers
from .logging_steps import LogSteps

_FILES_SHOWN = 8
_SECONDS = 1.0  # between looks on a CPU


@HOOKS.register_module()
class NanLossHook(Hook):
    """Stops training when the loss is NaN or infinite, and says where.

    The losses wait on their device until the next log line, so that training does
    not wait for them; on a CPU, where reading costs nothing, for a second at most.
    A checkpoint with such weights is never written.

    Args:
        interval: Iterations between looks; None is the interval of the log lines.

    Raises:
        TrainingError: naming the iteration, the files of its batch, and the last
            good checkpoint.
    """

    priority = 'ABOVE_NORMAL'

    def __init__(self, interval: int | None = None) -> None:
        check_at_least(1, interval=interval)
        self.interval = interval
        self._pending: list[tuple[int, Tensor, Any]] = []
        self._steps: LogSteps | None = None
        self._next_look = 0.0
        self._began = 0.0

    def before_train(self, runner: Runner) -> None:
        """Begin without losses."""
        self._pending.clear()
        self._steps = LogSteps(runner, self.interval)
        self._began = time.time()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Keep the loss, and look at it if it is time."""
        loss = (outputs or {}).get('loss')
        if not isinstance(loss, Tensor):
            return
        if loss.requires_grad:
            loss = loss.detach()
        self._pending.append((runner.iter, loss, _origin(data_batch)))
        late = time.monotonic() >= self._next_look and _on_cpu(loss)
        if late or self._steps.due(batch_idx):
            self._look(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Look at what is left."""
        self._look(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse to save weights that are NaN or infinite."""
        self._look(runner)
        learned = {name for name, _ in unwrapped(runner.model).named_parameters()}
        state = checkpoint['state_dict']
        name = not_finite({k: v for k, v in state.items() if k in learned})
        if name is not None:
            raise TrainingError(
                f'{name} holds NaN or infinite values after iteration '
                f'{runner.iter}; {self._advice(runner)}'
            )

    def _look(self, runner: Runner) -> None:
        if not self._pending:
            return
        values = as_numbers([loss for _, loss, _ in self._pending])
        for value, (iteration, _, origin) in zip(values, self._pending, strict=True):
            if not math.isfinite(value):
                raise TrainingError(
                    f'the loss is {value} in iteration {iteration + 1} (epoch '
                    f'{runner.epoch + 1}){_files(origin)}; {self._advice(runner)}'
                )
        self._pending.clear()
        self._next_look = time.monotonic() + _SECONDS

    def _advice(self, runner: Runner) -> str:
        runner.checkpoint_writer.settle()
        last = latest_checkpoint(runner.work_dir)
        # In the same folder there may be one of an earlier training.
        own = last and (runner.resuming or os.path.getmtime(last) >= self._began)
        good = f'the last good checkpoint is {last}; ' if own else ''
        return (
            f'{good}try a lower optim_wrapper.optimizer.lr, a warm-up, or '
            'optim_wrapper.clip_grad=dict(max_norm=1.0)'
        )


def _on_cpu(tensor: Tensor) -> bool:
    return tensor.device.type == 'cpu'


def _origin(data_batch: Any) -> Any:
    """What names the files of a batch: their names, or plain samples, or nothing."""
    samples = data_batch.get('data_samples') if isinstance(data_batch, dict) else None
    if isinstance(samples, SampleBatch):  # without keeping its tensors
        return samples.metainfo.get('img_path')
    return samples


def _files(origin: Any) -> str:
    """The files that a batch came from, as far as they are known."""
    if not isinstance(origin, Sequence):
        return ''
    paths = [s.get('img_path') if isinstance(s, DataSample) else s for s in origin]
    paths = [path for path in paths if isinstance(path, str)]
    if not paths:
        return ''
    more = len(paths) - _FILES_SHOWN
    shown = ', '.join(paths[:_FILES_SHOWN]) + (f' and {more} more' if more > 0 else '')
    return f', of the files {shown}'
