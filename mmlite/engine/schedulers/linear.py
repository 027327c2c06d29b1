"""Linear schedules of learning rate and momentum, e.g. for a warm-up."""

from __future__ import annotations

import logging

from mmengine.logging import print_log
from mmengine.optim import LinearParamScheduler as BaseLinearParamScheduler
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.momentum_scheduler import MomentumSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import INF, OptimizerType

from ...registry import PARAM_SCHEDULERS

__all__ = ['LinearLR', 'LinearMomentum', 'LinearParamScheduler']


@PARAM_SCHEDULERS.register_module()
class LinearParamScheduler(BaseLinearParamScheduler):
    """mmengine's, which also ends where it should if it has one step.

    The factor goes from ``start_factor``, at step ``begin``, to ``end_factor``, at step
    ``end - 1``. Of a single step both are the same: mmengine takes ``start_factor``, so
    that a warm-up of one step leaves the learning rate there for the rest of the
    training. Here it is ``end_factor``, with a warning.

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting, e.g. ``'lr'``.
        start_factor: Factor at the beginning, above 0.
        end_factor: Factor at the end.
        begin: The first step.
        end: The step after the last one.
        last_step: The last step that was taken; -1 begins.
        by_epoch: Whether a step is an epoch, and not an iteration.
        verbose: Whether to log each value.

    Raises:
        ValueError: if ``start_factor`` is 0, from which no factor leads away, or a
            factor is not in [0, 1].
    """

    def __init__(
        self,
        optimizer: OptimizerType,
        param_name: str,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        if start_factor == 0:
            raise ValueError('start_factor must be positive, e.g. 1e-6; got 0')
        if end - begin == 1 and start_factor != end_factor:
            unit = 'epoch' if by_epoch else 'iteration'
            print_log(
                f'{type(self).__name__} has one step, {unit} {begin}, and so no way '
                f'from start_factor={start_factor} to end_factor={end_factor}: '
                f'{param_name} is multiplied by {end_factor} from there on',
                'current',
                level=logging.WARNING,
            )
            start_factor = end_factor
        super().__init__(
            optimizer,
            param_name,
            start_factor,
            end_factor,
            begin,
            end,
            last_step,
            by_epoch,
            verbose,
        )


@PARAM_SCHEDULERS.register_module()
class LinearLR(LRSchedulerMixin, LinearParamScheduler):
    """Lets the learning rate rise to its value, or fall, on a straight line.

    Args:
        optimizer: The optimizer, or its wrapper.
        args: Arguments of :class:`LinearParamScheduler` behind ``param_name``.
        kwargs: Arguments of :class:`LinearParamScheduler` by name.

    Example:
        >>> sgd = torch.optim.SGD([torch.zeros(1)], lr=1.0)
        >>> schedule = LinearLR(sgd, start_factor=0.2, end=3)
        >>> rates = []
        >>> for _ in range(4):
        ...     rates += [round(rate, 3) for rate in schedule.get_last_value()]
        ...     sgd.step()
        ...     schedule.step()
        >>> rates
        [0.2, 0.6, 1.0, 1.0]
    """


@PARAM_SCHEDULERS.register_module()
class LinearMomentum(MomentumSchedulerMixin, LinearParamScheduler):
    """Lets the momentum rise to its value, or fall, on a straight line.

    Args:
        optimizer: The optimizer, or its wrapper.
        args: Arguments of :class:`LinearParamScheduler` behind ``param_name``.
        kwargs: Arguments of :class:`LinearParamScheduler` by name.
    """
