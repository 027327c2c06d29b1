"""A weight decay that changes in the course of training."""

from __future__ import annotations

from typing import Any

from mmengine.optim.scheduler import CosineAnnealingParamScheduler
from mmengine.optim.scheduler.param_scheduler import OptimizerType

from ...registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class CosineAnnealingWeightDecay(CosineAnnealingParamScheduler):
    """Lets the weight decay follow half a cosine, and be zero where it is zero.

    Args:
        optimizer: The optimizer, or its wrapper.
        *args: Further arguments of mmengine's ``CosineAnnealingParamScheduler`` behind
            ``param_name``.
        **kwargs: Such arguments: ``T_max``, ``eta_min`` or ``eta_min_ratio``,
            ``begin``, ``end``, ``by_epoch``, ...
    """

    def __init__(self, optimizer: OptimizerType, *args: Any, **kwargs: Any) -> None:
        super().__init__(optimizer, 'weight_decay', *args, **kwargs)

    def _get_value(self) -> list[float]:
        values = super()._get_value()
        return [
            0.0 if base == 0 else value
            for base, value in zip(self.base_values, values, strict=True)
        ]
