"""Models of gait recognition."""

from ..losses import BaseLoss, gather_and_scale_wrapper
from .base import BaseModel
from .deepgaitv2 import DeepGaitV2, SkeletonGait
from .gaitbase import GaitBase
from .gaitgl import GaitGL
from .gaitpart import GaitPart
from .gaitset import GaitSet
from .opengait_keys import PartMajorNorms

__all__ = [
    'BaseLoss',
    'BaseModel',
    'DeepGaitV2',
    'GaitBase',
    'GaitGL',
    'GaitPart',
    'GaitSet',
    'PartMajorNorms',
    'SkeletonGait',
    'gather_and_scale_wrapper',
]
