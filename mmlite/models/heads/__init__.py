"""Heads: features in, losses or predictions out."""

from .arcface_head import ArcFaceClsHead
from .cls_head import ClsHead
from .deit_head import DeiTClsHead
from .efficientformer_head import EfficientFormerClsHead
from .linear_head import LinearClsHead
from .multi_label_head import (
    CSRAClsHead,
    MultiLabelClsHead,
    MultiLabelLinearClsHead,
)
from .scaled_linear_head import ScaledLinearClsHead
from .stacked_linear_head import StackedLinearClsHead
from .vision_transformer_head import VisionTransformerClsHead

__all__ = [
    'ArcFaceClsHead',
    'CSRAClsHead',
    'ClsHead',
    'DeiTClsHead',
    'EfficientFormerClsHead',
    'LinearClsHead',
    'MultiLabelClsHead',
    'MultiLabelLinearClsHead',
    'ScaledLinearClsHead',
    'StackedLinearClsHead',
    'VisionTransformerClsHead',
]
