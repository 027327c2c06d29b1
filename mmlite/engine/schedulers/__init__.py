"""How learning rates and the like change in the course of training."""

from .triangular import TriangularLR, TriangularParamScheduler

__all__ = ['TriangularLR', 'TriangularParamScheduler']
