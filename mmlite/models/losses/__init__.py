"""Losses: tensors in, a scalar out."""

from .aggregator import LossAggregator
from .base import WeightedLoss
from .base_loss import BaseLoss, gather_and_scale_wrapper
from .cross_entropy_loss import CrossEntropyLoss, binary_cross_entropy, cross_entropy
from .l1_loss import L1Loss, l1_loss
from .label_smooth_loss import LabelSmoothLoss
from .mse_loss import MSELoss, mse_loss
from .smooth_l1_loss import SmoothL1Loss, smooth_l1_loss
from .utils import convert_to_one_hot, reduce_loss, weight_reduce_loss, weighted_loss

__all__ = [
    'BaseLoss',
    'CrossEntropyLoss',
    'L1Loss',
    'LabelSmoothLoss',
    'LossAggregator',
    'MSELoss',
    'SmoothL1Loss',
    'WeightedLoss',
    'binary_cross_entropy',
    'convert_to_one_hot',
    'cross_entropy',
    'gather_and_scale_wrapper',
    'l1_loss',
    'mse_loss',
    'reduce_loss',
    'smooth_l1_loss',
    'weight_reduce_loss',
    'weighted_loss',
]
