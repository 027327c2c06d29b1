"""Necks: features in, features out."""

from .gap import GlobalAveragePooling
from .gmp import GlobalMaxPooling
from .hr_fuse import HRFuseScales

__all__ = ['GlobalAveragePooling', 'GlobalMaxPooling', 'HRFuseScales']
