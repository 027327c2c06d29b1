"""Heads: features in, losses or predictions out."""

from .arcface_head import ArcFaceClsHead
from .bbox_head import ConvFCBBoxHead
from .cls_head import ClsHead
from .conformer_head import ConformerHead
from .deit_head import DeiTClsHead
from .dense_head import DenseHead
from .efficientformer_head import EfficientFormerClsHead
from .levit_head import LeViTClsHead
from .linear_head import LinearClsHead
from .multi_label_head import (
    CSRAClsHead,
    MultiLabelClsHead,
    MultiLabelLinearClsHead,
)
from .multi_task_head import MultiTaskHead
from .retina_head import RetinaHead
from .roi_head import RoIHead
from .rpn_head import RPNHead
from .scaled_linear_head import ScaledLinearClsHead
from .ssd_head import SSDHead
from .stacked_linear_head import StackedLinearClsHead
from .vig_head import VigClsHead
from .vision_transformer_head import VisionTransformerClsHead

__all__ = [
    'ArcFaceClsHead',
    'CSRAClsHead',
    'ClsHead',
    'ConformerHead',
    'ConvFCBBoxHead',
    'DeiTClsHead',
    'DenseHead',
    'EfficientFormerClsHead',
    'LeViTClsHead',
    'LinearClsHead',
    'MultiLabelClsHead',
    'MultiLabelLinearClsHead',
    'MultiTaskHead',
    'RPNHead',
    'RetinaHead',
    'RoIHead',
    'SSDHead',
    'ScaledLinearClsHead',
    'StackedLinearClsHead',
    'VigClsHead',
    'VisionTransformerClsHead',
]
