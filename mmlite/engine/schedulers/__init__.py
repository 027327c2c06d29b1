"""How learning rates and the like change in the course of training."""

from .linear import LinearLR, LinearMomentum, LinearParamScheduler
from .triangular import TriangularLR, TriangularParamScheduler
from .weight_decay import CosineAnnealingWeightDecay

__all__ = [
    'CosineAnnealingWeightDecay',
    'LinearLR',
    'LinearMomentum',
    'LinearParamScheduler',
    'TriangularLR',
    'TriangularParamScheduler',
]
