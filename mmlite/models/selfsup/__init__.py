"""The wholes that learn without labels."""

from .barlowtwins import BarlowTwins
from .base import BaseSelfSupervisor, BaseSelfSupvisor
from .byol import BYOL
from .densecl import DenseCL
from .moco import MoCo
from .mocov3 import MoCoV3
from .simclr import SimCLR
from .simsiam import SimSiam
from .swav import SwAV

__all__ = [
    'BYOL',
    'BarlowTwins',
    'BaseSelfSupervisor',
    'BaseSelfSupvisor',
    'DenseCL',
    'MoCo',
    'MoCoV3',
    'SimCLR',
    'SimSiam',
    'SwAV',
]
