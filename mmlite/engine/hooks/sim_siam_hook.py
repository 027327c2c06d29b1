"""Keep the learning rate of SimSiam's predictor constant."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...registry import HOOKS


@HOOKS.register_module()
class SimSiamHook(Hook):
    """Keeps the learning rate of the predictor of SimSiam.

    It is that of parameters whose entry of ``custom_keys`` has ``fix_lr=True``. Paper:
    Exploring Simple Siamese Representation Learning, https://arxiv.org/abs/2011.10566.

    Args:
        fix_pred_lr: Whether to do so at all.
        lr: The learning rate.
        adjust_by_epoch: Whether schedules change rates once an epoch, rather than every
            iteration.
    """

    def __init__(
        self, fix_pred_lr: bool, lr: float, adjust_by_epoch: bool = True
    ) -> None:
        self.fix_pred_lr = fix_pred_lr
        self.lr = lr
        self.adjust_by_epoch = adjust_by_epoch

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the rate of this epoch."""
        self._fix(runner)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Set the rate of this iteration."""
        if not self.adjust_by_epoch:
            self._fix(runner)

    def _fix(self, runner: Runner) -> None:
        for group in runner.optim_wrapper.optimizer.param_groups:
            if self.fix_pred_lr and group.get('fix_lr'):
                group['lr'] = self.lr
