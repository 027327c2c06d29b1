"""A user's package for gait recognition."""

from .data import MeanNorm, Walks
from .newloss import NewLoss
from .newmodel import NewModel

__all__ = ['MeanNorm', 'NewLoss', 'NewModel', 'Walks']
