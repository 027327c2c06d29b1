"""Necks: features in, features out."""

from .fpn import FPN
from .gap import GlobalAveragePooling
from .gem import GeneralizedMeanPooling
from .gmp import GlobalMaxPooling
from .hr_fuse import HRFuseScales
from .linear_neck import ClsBatchNormNeck, LinearNeck
from .ssd_neck import SSDNeck

__all__ = [
    'FPN',
    'ClsBatchNormNeck',
    'GeneralizedMeanPooling',
    'GlobalAveragePooling',
    'GlobalMaxPooling',
    'HRFuseScales',
    'LinearNeck',
    'SSDNeck',
]
