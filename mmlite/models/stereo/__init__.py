"""Models of stereo matching."""

from ..losses import BaseLoss, gather_and_scale_wrapper
from . import key_maps  # noqa: F401  (enters the maps by name)
from .base import BaseModel, StereoModel
from .gwcnet import GwcNet
from .igev import IGEV
from .lightstereo import LightStereo
from .psmnet import PSMNet
from .raftstereo import RAFTStereo
from .tinystereo import TinyStereo

__all__ = [
    'IGEV',
    'BaseLoss',
    'BaseModel',
    'GwcNet',
    'LightStereo',
    'PSMNet',
    'RAFTStereo',
    'StereoModel',
    'TinyStereo',
    'gather_and_scale_wrapper',
]
