"""The wholes of gait recognition."""

from ..losses import BaseLoss, gather_and_scale_wrapper
from ..named_outputs import BaseModel

__all__ = ['BaseLoss', 'BaseModel', 'gather_and_scale_wrapper']
