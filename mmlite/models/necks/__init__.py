"""Necks: features in, features out."""

from .gap import GlobalAveragePooling
from .gmp import GlobalMaxPooling
from .horizontal_pooling import GeMHPP, HorizontalPoolingPyramid
from .hr_fuse import HRFuseScales

__all__ = [
    'GeMHPP',
    'GlobalAveragePooling',
    'GlobalMaxPooling',
    'HRFuseScales',
    'HorizontalPoolingPyramid',
]
