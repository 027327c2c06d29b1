"""Triangular schedules: linearly up to a peak, and linearly down again."""

from __future__ import annotations

from typing import Any

from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import (
    INF,
    OptimizerType,
    _ParamScheduler,
)

from ...registry import PARAM_SCHEDULERS

__all__ = ['TriangularLR', 'TriangularParamScheduler']


@PARAM_SCHEDULERS.register_module()
class TriangularParamScheduler(_ParamScheduler):
    """Lets a setting of the optimizer rise to its value, and then fall.

    With ``n`` steps between ``begin`` and ``end``, step ``i`` (from 0) has the
    factor that the line from ``(0, start_factor)`` over ``(peak * n, 1)`` to
    ``(n, end_factor)`` has at ``i``. The last step is thus one short of
    ``end_factor``: an ``end_factor`` of 0 wastes no step.

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting, e.g. ``'lr'``.
        start_factor: Factor at the beginning.
        end_factor: Factor at the end.
        peak: Where the factor is 1, as a fraction of the steps; 0 only falls, 1
            only rises.
        begin: The first step.
        end: The step after the last one; a Runner knows it.
        last_step: The last step that was taken; -1 begins.
        by_epoch: Whether a step is an epoch, and not an iteration.
        verbose: Whether to log each value.

    Raises:
        ValueError: if ``peak`` is no fraction, or ``end`` is not known.
    """

    def __init__(
        self,
        optimizer: OptimizerType,
        param_name: str,
        start_factor: float = 0.0,
        end_factor: float = 0.0,
        peak: float = 0.5,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        if not 0 <= peak <= 1:
            raise ValueError(f'peak must be a fraction of the steps, got {peak}')
        if end == INF:
            raise ValueError('end is missing: the step at which the fall ends')
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.peak = peak
        super().__init__(
            optimizer, param_name, begin, end, last_step, by_epoch, verbose
        )

    @classmethod
    def build_iter_from_epoch(
        cls,
        *args: Any,
        epoch_length: int,
        begin: int = 0,
        end: int = INF,
        by_epoch: bool = True,
        **kwargs: Any,
    ) -> TriangularParamScheduler:
        """One that counts iterations, from settings that count epochs.

        Args:
            args: See the class.
            epoch_length: Number of iterations in an epoch.
            begin: The first epoch.
            end: The epoch after the last one.
            by_epoch: Always true, as mmengine sees to.
            kwargs: See the class.
        """
        end = end if end == INF else int(end * epoch_length)
        begin = int(begin * epoch_length)
        return cls(*args, begin=begin, end=end, by_epoch=False, **kwargs)

    def _get_value(self) -> list[float]:
        factor = self._factor(self.last_step / (self.end - self.begin))
        return [value * factor for value in self.base_values]

    def _factor(self, done: float) -> float:
        """The factor at a fraction of the steps."""
        if done < self.peak:
            edge, share = self.start_factor, done / self.peak
        elif self.peak == 1:
            edge, share = self.end_factor, 1.0
        else:
            edge, share = self.end_factor, (1 - done) / (1 - self.peak)
        return edge + (1 - edge) * share


@PARAM_SCHEDULERS.register_module()
class TriangularLR(LRSchedulerMixin, TriangularParamScheduler):
    """Lets the learning rate rise to its value, and then fall.

    Paper: Cyclical Learning Rates for Training Neural Networks, WACV 2017,
    https://arxiv.org/abs/1506.01186; differs from it in: there is one cycle,
    whose peak may lie anywhere.

    Args:
        optimizer: The optimizer, or its wrapper.
        args: Arguments of :class:`TriangularParamScheduler` behind
            ``param_name``.
        kwargs: Arguments of :class:`TriangularParamScheduler` by name.

    Example:
        >>> sgd = torch.optim.SGD([torch.zeros(1)], lr=1.0)
        >>> schedule = TriangularLR(sgd, start_factor=0.2, peak=0.5, end=4)
        >>> rates = []
        >>> for _ in range(4):
        ...     rates += [round(rate, 3) for rate in schedule.get_last_value()]
        ...     sgd.step()
        ...     schedule.step()
        >>> rates
        [0.2, 0.6, 1.0, 0.5]
    """
