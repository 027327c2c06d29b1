"""Heads: features in, losses or predictions out."""

from .cls_head import ClsHead
from .deit_head import DeiTClsHead
from .efficientformer_head import EfficientFormerClsHead
from .linear_head import LinearClsHead
from .scaled_linear_head import ScaledLinearClsHead
from .stacked_linear_head import StackedLinearClsHead
from .vision_transformer_head import VisionTransformerClsHead

__all__ = [
    'ClsHead',
    'DeiTClsHead',
    'EfficientFormerClsHead',
    'LinearClsHead',
    'ScaledLinearClsHead',
    'StackedLinearClsHead',
    'VisionTransformerClsHead',
]
