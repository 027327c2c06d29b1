"""Lookahead: slow weights that follow the fast ones, which are reset to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from ...errors import CheckpointError, check_at_least, check_fraction
from ...registry import HOOKS
from ..checkpoints import unwrapped


@HOOKS.register_module()
class LookaheadHook(Hook):
    """Resets the weights to a slow average of themselves, every few steps.

    Paper: Lookahead Optimizer: k steps forward, 1 step back, NeurIPS 2019,
    https://arxiv.org/abs/1907.08610. Differs from it in: the share of the slow
    weights may grow, as in https://arxiv.org/abs/2404.00498 (section 3.4), and
    statistics of norms are averaged too.

    Every ``interval`` iterations the slow weights go ``1 - decay`` of the way to
    the fast ones, and the fast ones are set to them. At iteration ``i`` of ``n``
    the share is ``decay * (i / n) ** power``. Training ends with the slow ones.

    Args:
        interval: Iterations between two updates (``k`` in the paper).
        decay: Share of the slow weights in their update (``1 - alpha`` in the
            paper), from 0 up to 1.
        power: How late the share rises to ``decay``; 0 has it from the start.

    Raises:
        ValueError: if an argument is out of range.
        CheckpointError: if a checkpoint has the slow weights of another model.
    """

    # Before those that read the weights: averages, checkpoints.
    priority = 'ABOVE_NORMAL'

    def __init__(
        self, interval: int = 5, decay: float = 0.5, power: float = 0.0
    ) -> None:
        check_at_least(1, interval=interval)
        check_fraction(decay=decay)
        check_at_least(0, power=power)
        self.interval = interval
        self.decay = decay
        self.power = power
        self._fast: dict[str, Tensor] = {}
        self._slow: dict[str, Tensor] = {}
        self._resumed: Mapping[str, Tensor] | None = None

    def before_train(self, runner: Runner) -> None:
        """Begin with the weights, or with what was resumed."""
        state = unwrapped(runner.model).state_dict(keep_vars=True)
        self._fast = {k: v for k, v in state.items() if v.is_floating_point()}
        self._slow = {k: v.detach().clone() for k, v in self._fast.items()}
        if self._resumed is not None:
            self._take_over(self._resumed)
            self._resumed = None

    def _take_over(self, resumed: Mapping[str, Tensor]) -> None:
        shapes = {k: v.shape for k, v in resumed.items()}
        if shapes != {k: v.shape for k, v in self._slow.items()}:
            raise CheckpointError(
                'the slow weights (lookahead) in the checkpoint are those of another '
                'model; use it as load_from to start a new training'
            )
        for name, value in self._slow.items():
            value.copy_(resumed[name])

    @torch.no_grad()
    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Update the slow weights if it is time, and go back to them."""
        done = runner.iter + 1
        due, last = done % self.interval == 0, done == runner.max_iters
        if not due and not last:
            return
        fast, slow = list(self._fast.values()), list(self._slow.values())
        if due:
            decay = self.decay * (done / runner.max_iters) ** self.power
            torch._foreach_lerp_(slow, fast, 1 - decay)
        torch._foreach_copy_(fast, slow)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Save the slow weights beside the fast ones."""
        checkpoint['lookahead'] = dict(self._slow)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep the slow weights for when training begins."""
        if not runner.resuming:
            return
        self._resumed = checkpoint.get('lookahead')
        if self._resumed is None:
            runner.logger.warning(
                'the checkpoint has no slow weights (lookahead); they begin with the '
                'fast ones'
            )
