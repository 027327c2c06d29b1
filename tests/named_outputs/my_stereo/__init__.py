"""A user's package for stereo matching."""

from .data import EndPointError, Pairs
from .newmodel import NewModel

__all__ = ['EndPointError', 'NewModel', 'Pairs']
