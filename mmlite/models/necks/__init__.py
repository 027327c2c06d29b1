"""Necks: features in, features out."""

from .fpn import FPN
from .gap import GlobalAveragePooling
from .gem import GeneralizedMeanPooling
from .gmp import GlobalMaxPooling
from .horizontal_pooling import GeMHPP, HorizontalPoolingPyramid
from .hr_fuse import HRFuseScales
from .linear_neck import ClsBatchNormNeck, LinearNeck
from .ssd_neck import SSDNeck

__all__ = [
    'FPN',
    'ClsBatchNormNeck',
    'GeMHPP',
    'GeneralizedMeanPooling',
    'GlobalAveragePooling',
    'GlobalMaxPooling',
    'HRFuseScales',
    'HorizontalPoolingPyramid',
    'LinearNeck',
    'SSDNeck',
]
