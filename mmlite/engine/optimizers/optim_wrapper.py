"""The optimizer step, without waiting for the device."""

from __future__ import annotations

import inspect
import logging
from contextlib import AbstractContextManager, nullcontext

from mmengine.logging import print_log
from mmengine.optim import OptimWrapper as BaseOptimWrapper
from torch import Tensor, nn
from torch.optim import Optimizer

from ...registry import OPTIM_WRAPPERS

_NOTHING = nullcontext()


@OPTIM_WRAPPERS.register_module()
class OptimWrapper(BaseOptimWrapper):
    """mmengine's wrapper of an optimizer, without its host reads.

    Differs from mmengine's in that the gradient norm stays a tensor on the
    device until it is logged, and a loss that needs no scaling is not scaled.

    Args:
        optimizer: The optimizer.
        accumulative_counts: Iterations whose gradients make one step.
        clip_grad: Arguments of ``torch.nn.utils.clip_grad_norm_``, e.g.
            ``dict(max_norm=1.0)``; or with ``type='value'`` of
            ``clip_grad_value_``.

    Raises:
        ValueError: if the optimizer needs a closure, as LBFGS does.

    Attributes:
        logged: Scalars on the device to log for the last step, by name; the
            logging hook takes them out.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        accumulative_counts: int = 1,
        clip_grad: dict | None = None,
    ) -> None:
        closure = inspect.signature(optimizer.step).parameters.get('closure')
        if closure is not None and closure.default is closure.empty:
            raise ValueError(
                f'{type(optimizer).__name__} computes the loss again within a step (it '
                'needs a closure), which no training loop does; take another optimizer'
            )
        clip_grad = None if clip_grad is None else dict(clip_grad)
        super().__init__(optimizer, accumulative_counts, clip_grad)
        self.logged: dict[str, Tensor] = {}

    def initialize_count_status(
        self, model: nn.Module, init_counts: int, max_counts: int
    ) -> None:
        """Note where a training begins and ends, in iterations."""
        self._inner_count, self._max_counts = init_counts, max_counts
        self._remainder_counts = max_counts % self._accumulative_counts
        lost = init_counts % self._accumulative_counts
        if lost and init_counts < max_counts:
            print_log(
                f'the checkpoint was saved after {init_counts} iterations, between '
                f'two steps of {self._accumulative_counts}: the gradients of the last '
                f'{lost} are lost; save where optim_wrapper.accumulative_counts '
                'divides the iterations, to resume without a difference',
                logger='current',
                level=logging.WARNING,
            )

    @property
    def accumulating(self) -> bool:
        """Whether gradients wait for those of iterations to come."""
        return not self.should_update()

    def optim_context(self, model: nn.Module) -> AbstractContextManager:
        """What the forward pass runs in: gradients are sent when a step is due."""
        if self._accumulative_counts == 1:
            return _NOTHING
        return super().optim_context(model)

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Divide the loss by the number of iterations that make one step."""
        return loss if self._accumulative_counts == 1 else super().scale_loss(loss)

    def _clip_grad(self) -> None:
        groups = self.optimizer.param_groups
        params = [p for g in groups for p in g['params'] if p.grad is not None]
        norm = self.clip_func(params, **self.clip_grad_kwargs) if params else None
        if norm is not None:  # clipping by value has none
            self.logged[self.grad_name] = norm.detach()
