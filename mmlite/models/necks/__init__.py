"""Necks: features in, features out."""

from .fpn import FPN
from .gap import GlobalAveragePooling
from .gem import GeneralizedMeanPooling
from .gmp import GlobalMaxPooling
from .horizontal_pooling import GeMHPP, HorizontalPoolingPyramid
from .hr_fuse import HRFuseScales
from .linear_neck import ClsBatchNormNeck, LinearNeck
from .mocov2_neck import DenseCLNeck, MoCoV2Neck
from .nonlinear_neck import NonLinearNeck, ProjectionNeck
from .ssd_neck import SSDNeck
from .swav_neck import SwAVNeck

__all__ = [
    'FPN',
    'ClsBatchNormNeck',
    'DenseCLNeck',
    'GeMHPP',
    'GeneralizedMeanPooling',
    'GlobalAveragePooling',
    'GlobalMaxPooling',
    'HRFuseScales',
    'HorizontalPoolingPyramid',
    'LinearNeck',
    'MoCoV2Neck',
    'NonLinearNeck',
    'ProjectionNeck',
    'SSDNeck',
    'SwAVNeck',
]
