"""How learning rates and the like change in the course of training."""

from .triangular import TriangularLR, TriangularParamScheduler
from .weight_decay import CosineAnnealingWeightDecay

__all__ = ['CosineAnnealingWeightDecay', 'TriangularLR', 'TriangularParamScheduler']
