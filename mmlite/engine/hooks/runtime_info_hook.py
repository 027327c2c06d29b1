"""Losses and learning rates on their way to the log."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from mmengine.dist import all_gather_object
from mmengine.hooks import RuntimeInfoHook as BaseRuntimeInfoHook
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner
from mmengine.version import __version__ as mmengine_version
from torch import Tensor

from ...registry import HOOKS
from ..history import as_numbers, history_of, means, record
from ..optimizers import OptimWrapper
from .logging_steps import LogSteps


@HOOKS.register_module()
class RuntimeInfoHook(BaseRuntimeInfoHook):
    """Keeps the message hub up to date.

    Differs from mmengine's in that values stay on their device until a log line
    is due: training never waits for the device in between. Of several processes it
    keeps the mean of what they log, not what the first one does; they meet for it
    when a log line is due, and not in between.
    """

    def __init__(self) -> None:
        self.last_loop_stage: str | None = None
        self._steps: LogSteps | None = None
        self._pending: dict[str, list] = defaultdict(list)
        self._rates: dict[str, list] = defaultdict(list)  # the same in all processes
        self._wrappers: list[OptimWrapper] = []

    def before_run(self, runner: Runner) -> None:
        """Note what this run is."""
        runner.message_hub.update_info_dict(
            dict(
                cfg=runner.cfg_text,
                seed=runner.seed,
                experiment_name=runner.experiment_name,
                mmengine_version=mmengine_version,
            )
        )
        self.last_loop_stage = None

    def before_train(self, runner: Runner) -> None:
        """Note where training begins."""
        super().before_train(runner)
        self._steps = LogSteps(runner)
        self._pending.clear()
        self._rates.clear()
        wrappers = runner.optim_wrapper
        if isinstance(wrappers, OptimWrapperDict):
            wrappers = list(wrappers.values())
        else:
            wrappers = [wrappers]
        self._wrappers = [w for w in wrappers if isinstance(w, OptimWrapper)]

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Note the iteration."""
        runner.message_hub.runtime_info['iter'] = runner.iter

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Keep what the model logs, and pass it on if a log line is due."""
        pending = self._pending
        for key, rates in runner.optim_wrapper.get_lr().items():
            self._rates[key].append(rates[0])
        for key, value in (outputs or {}).items():
            if isinstance(value, Tensor) and value.requires_grad:
                value = value.detach()  # as it would keep its graph alive
            pending[key].append(value)
        for wrapper in self._wrappers:
            if wrapper.logged:
                for key, value in wrapper.logged.items():
                    pending[key].append(value)
                wrapper.logged.clear()
        if self._steps.due(batch_idx):
            self._flush(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Pass on what is left."""
        self._flush(runner)

    def before_all_save(self, runner: Runner) -> None:
        """Let a checkpoint have the latest values: called in all processes."""
        self._flush(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Let the checkpoint have the latest values, if no other process is needed."""
        if runner.world_size == 1:
            self._flush(runner)

    def _flush(self, runner: Runner) -> None:
        if not self._rates and not self._pending:
            return
        hub = runner.message_hub
        values = {key: as_numbers(its) for key, its in self._pending.items()}
        if runner.world_size > 1:
            values = means(all_gather_object(values))
        for key, its in (self._rates | values).items():
            record(hub, f'train/{key}', as_numbers(its))
        self._pending.clear()
        self._rates.clear()
        for key, buffer in hub.log_scalars.items():
            if buffer.data[0].dtype == float:  # those that count stay as they are
                history_of(hub, key)
