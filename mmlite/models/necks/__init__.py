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
from .simmim_neck import SimMIMLinearDecoder
from .ssd_neck import SSDNeck

__all__ = [
    'FPN',
    'BEiTV2Neck',
    'CAENeck',
    'ClsBatchNormNeck',
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
    'SSDNeck',
    'SimMIMLinearDecoder',
    'iTPNPretrainDecoder',
]
