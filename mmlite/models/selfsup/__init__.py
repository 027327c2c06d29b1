"""Models that learn without labels."""

from .barlowtwins import BarlowTwins
from .base import BaseSelfSupervisor, BaseSelfSupvisor
from .beit import BEiT
from .byol import BYOL
from .cae import CAE
from .densecl import DenseCL
from .eva import EVA
from .itpn import iTPN
from .mae import MAE
from .masked import MaskedImageModel
from .maskfeat import MaskFeat
from .mff import MFF
from .milan import MILAN
from .mixmim import MixMIM
from .moco import MoCo
from .mocov3 import MoCoV3
from .simclr import SimCLR
from .simmim import SimMIM
from .simsiam import SimSiam
from .spark import SparK
from .swav import SwAV

__all__ = [
    'BYOL',
    'CAE',
    'EVA',
    'MAE',
    'MFF',
    'MILAN',
    'BEiT',
    'BarlowTwins',
    'BaseSelfSupervisor',
    'BaseSelfSupvisor',
    'DenseCL',
    'MaskFeat',
    'MaskedImageModel',
    'MixMIM',
    'MoCo',
    'MoCoV3',
    'SimCLR',
    'SimMIM',
    'SimSiam',
    'SparK',
    'SwAV',
    'iTPN',
]
