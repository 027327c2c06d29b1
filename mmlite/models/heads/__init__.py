"""Heads: features in, losses or predictions out."""

from .cls_head import ClsHead
from .conformer_head import ConformerHead
from .deit_head import DeiTClsHead
from .efficientformer_head import EfficientFormerClsHead
from .levit_head import LeViTClsHead
from .linear_head import LinearClsHead
from .scaled_linear_head import ScaledLinearClsHead
from .stacked_linear_head import StackedLinearClsHead
from .vig_head import VigClsHead
from .vision_transformer_head import VisionTransformerClsHead

__all__ = [
    'ClsHead',
    'ConformerHead',
    'DeiTClsHead',
    'EfficientFormerClsHead',
    'LeViTClsHead',
    'LinearClsHead',
    'ScaledLinearClsHead',
    'StackedLinearClsHead',
    'VigClsHead',
    'VisionTransformerClsHead',
]
