"""Losses: tensors in, a scalar out."""

from .aggregator import LossAggregator
from .asymmetric_loss import AsymmetricLoss, asymmetric_loss
from .base import WeightedLoss
from .base_loss import BaseLoss, gather_and_scale_wrapper, register_class
from .cae_loss import CAELoss
from .cosine_similarity_loss import CosineSimilarityLoss
from .cross_correlation_loss import CrossCorrelationLoss
from .cross_entropy_loss import CrossEntropyLoss, binary_cross_entropy, cross_entropy
from .disparity_loss import DisparityLoss, DisparitySequenceLoss, masked_mean
from .focal_loss import FocalLoss, sigmoid_focal_loss
from .iou_loss import CIoULoss, DIoULoss, GIoULoss, IoULoss, overlap_loss
from .l1_loss import L1Loss, l1_loss
from .label_smooth_loss import LabelSmoothLoss
from .mse_loss import MSELoss, mse_loss
from .part_cross_entropy_loss import PartCrossEntropyLoss
from .reconstruction_loss import PixelReconstructionLoss
from .seesaw_loss import SeesawLoss, seesaw_weights
from .smooth_l1_loss import SmoothL1Loss, smooth_l1_loss
from .sup_con_loss import SupConLoss
from .swav_loss import SwAVLoss, distributed_sinkhorn
from .triplet_loss import TripletLoss, as_parts
from .utils import convert_to_one_hot, reduce_loss, weight_reduce_loss, weighted_loss

__all__ = [
    'AsymmetricLoss',
    'BaseLoss',
    'CAELoss',
    'CIoULoss',
    'CosineSimilarityLoss',
    'CrossCorrelationLoss',
    'CrossEntropyLoss',
    'DIoULoss',
    'DisparityLoss',
    'DisparitySequenceLoss',
    'FocalLoss',
    'GIoULoss',
    'IoULoss',
    'L1Loss',
    'LabelSmoothLoss',
    'LossAggregator',
    'MSELoss',
    'PartCrossEntropyLoss',
    'PixelReconstructionLoss',
    'SeesawLoss',
    'SmoothL1Loss',
    'SupConLoss',
    'SwAVLoss',
    'TripletLoss',
    'WeightedLoss',
    'as_parts',
    'asymmetric_loss',
    'binary_cross_entropy',
    'convert_to_one_hot',
    'cross_entropy',
    'distributed_sinkhorn',
    'gather_and_scale_wrapper',
    'l1_loss',
    'masked_mean',
    'mse_loss',
    'overlap_loss',
    'reduce_loss',
    'register_class',
    'seesaw_weights',
    'sigmoid_focal_loss',
    'smooth_l1_loss',
    'weight_reduce_loss',
    'weighted_loss',
]
