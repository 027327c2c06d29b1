"""Heads: features in, losses or predictions out."""

from .arcface_head import ArcFaceClsHead
from .cls_head import ClsHead
from .conformer_head import ConformerHead
from .deit_head import DeiTClsHead
from .efficientformer_head import EfficientFormerClsHead
from .levit_head import LeViTClsHead
from .linear_head import LinearClsHead
from .multi_label_head import (
    CSRAClsHead,
    MultiLabelClsHead,
    MultiLabelLinearClsHead,
)
from .scaled_linear_head import ScaledLinearClsHead
from .stacked_linear_head import StackedLinearClsHead
from .vig_head import VigClsHead
from .vision_transformer_head import VisionTransformerClsHead

__all__ = [
    'ArcFaceClsHead',
    'CSRAClsHead',
    'ClsHead',
    'ConformerHead',
    'DeiTClsHead',
    'EfficientFormerClsHead',
    'LeViTClsHead',
    'LinearClsHead',
    'MultiLabelClsHead',
    'MultiLabelLinearClsHead',
    'ScaledLinearClsHead',
    'StackedLinearClsHead',
    'VigClsHead',
    'VisionTransformerClsHead',
]
