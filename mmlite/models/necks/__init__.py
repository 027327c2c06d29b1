"""Necks: features in, features out."""

from .gap import GlobalAveragePooling
from .gem import GeneralizedMeanPooling
from .gmp import GlobalMaxPooling
from .horizontal_pooling import GeMHPP, HorizontalPoolingPyramid
from .hr_fuse import HRFuseScales
from .linear_neck import ClsBatchNormNeck, LinearNeck

__all__ = [
    'ClsBatchNormNeck',
    'GeMHPP',
    'GeneralizedMeanPooling',
    'GlobalAveragePooling',
    'GlobalMaxPooling',
    'HRFuseScales',
    'HorizontalPoolingPyramid',
    'LinearNeck',
]
