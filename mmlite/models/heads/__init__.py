"""Heads: features in, losses or predictions out."""

from .arcface_head import ArcFaceClsHead
from .bbox_head import ConvFCBBoxHead
from .cls_head import ClsHead
from .conformer_head import ConformerHead
from .contrastive_head import ContrastiveHead, MoCoV3Head
from .deit_head import DeiTClsHead
from .dense_head import DenseHead
from .efficientformer_head import EfficientFormerClsHead
from .latent_heads import LatentCrossCorrelationHead, LatentPredictHead
from .levit_head import LeViTClsHead
from .linear_head import LinearClsHead
from .mae_head import MAEPretrainHead, MixMIMPretrainHead, SparKPretrainHead
from .mim_head import BEiTV1Head, BEiTV2Head, CAEHead, MIMHead, SimMIMHead, iTPNClipHead
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
from .swav_head import SwAVHead
from .vig_head import VigClsHead
from .vision_transformer_head import VisionTransformerClsHead

__all__ = [
    'ArcFaceClsHead',
    'BEiTV1Head',
    'BEiTV2Head',
    'CAEHead',
    'CSRAClsHead',
    'ClsHead',
    'ConformerHead',
    'ContrastiveHead',
    'ConvFCBBoxHead',
    'DeiTClsHead',
    'DenseHead',
    'EfficientFormerClsHead',
    'LatentCrossCorrelationHead',
    'LatentPredictHead',
    'LeViTClsHead',
    'LinearClsHead',
    'MAEPretrainHead',
    'MIMHead',
    'MixMIMPretrainHead',
    'MoCoV3Head',
    'MultiLabelClsHead',
    'MultiLabelLinearClsHead',
    'MultiTaskHead',
    'RPNHead',
    'RetinaHead',
    'RoIHead',
    'SSDHead',
    'ScaledLinearClsHead',
    'SimMIMHead',
    'SparKPretrainHead',
    'StackedLinearClsHead',
    'SwAVHead',
    'VigClsHead',
    'VisionTransformerClsHead',
    'iTPNClipHead',
]
