"""Necks: features in, features out."""

from .beitv2_neck import BEiTV2Neck
from .cae_neck import CAENeck
from .fpn import FPN
from .gap import GlobalAveragePooling
from .gem import GeneralizedMeanPooling
from .gmp import GlobalMaxPooling
from .horizontal_pooling import GeMHPP, HorizontalPoolingPyramid
from .hr_fuse import HRFuseScales
from .itpn_neck import iTPNPretrainDecoder
from .linear_neck import ClsBatchNormNeck, LinearNeck
from .mae_neck import MAEPretrainDecoder, MixMIMPretrainDecoder
from .milan_neck import MILANPretrainDecoder
from .mocov2_neck import DenseCLNeck, MoCoV2Neck
from .nonlinear_neck import NonLinearNeck, ProjectionNeck
from .simmim_neck import SimMIMLinearDecoder
from .spark_neck import SparKLightDecoder
from .ssd_neck import SSDNeck
from .swav_neck import SwAVNeck

__all__ = [
    'FPN',
    'BEiTV2Neck',
    'CAENeck',
    'ClsBatchNormNeck',
    'DenseCLNeck',
    'GeMHPP',
    'GeneralizedMeanPooling',
    'GlobalAveragePooling',
    'GlobalMaxPooling',
    'HRFuseScales',
    'HorizontalPoolingPyramid',
    'LinearNeck',
    'MAEPretrainDecoder',
    'MILANPretrainDecoder',
    'MixMIMPretrainDecoder',
    'MoCoV2Neck',
    'NonLinearNeck',
    'ProjectionNeck',
    'SSDNeck',
    'SimMIMLinearDecoder',
    'SparKLightDecoder',
    'SwAVNeck',
    'iTPNPretrainDecoder',
]
