"""The bricks of networks, and builders that take them from a config."""

from .activation import HSigmoid, QuickGELU, build_activation_layer
from .adaptive_conv import Conv2dAdaptivePadding
from .attention import MultiheadAttention
from .averaged_model import (
    AveragedModel,
    ExponentialMovingAverage,
    MomentumAnnealingEMA,
    StochasticWeightAverage,
)
from .build import build_layer, check_arguments
from .channel_shuffle import channel_shuffle
from .checkpoint import checkpointed
from .conv import build_conv_layer
from .conv_module import ConvModule
from .dirac_init import DiracInit, dirac_init
from .drop import Dropout, DropPath, build_dropout, drop_path, drop_path_rates
from .ffn import FFN, SwiGLUFFN, SwiGLUFFNFused
from .inverted_residual import EdgeResidual, InvertedResidual
from .layer_scale import LayerScale
from .make_divisible import make_divisible
from .norm import GRN, BiasBatchNorm2d, LayerNorm2d, build_norm_layer
from .patch_embed import AdaptivePadding, PatchEmbed
from .patch_whitening import PatchWhitening
from .position_embed import resize_pos_embed
from .reparam import ReparamBlock, fuse_conv_norm, switch_to_deploy
from .residual_block import (
    BasicBlock,
    Bottleneck,
    ResidualBlock,
    ResLayer,
    get_expansion,
)
from .se_layer import SELayer
from .transformer_layer import TransformerEncoderLayer

__all__ = [
    'FFN',
    'GRN',
    'AdaptivePadding',
    'AveragedModel',
    'BasicBlock',
    'BiasBatchNorm2d',
    'Bottleneck',
    'Conv2dAdaptivePadding',
    'ConvModule',
    'DiracInit',
    'DropPath',
    'Dropout',
    'EdgeResidual',
    'ExponentialMovingAverage',
    'HSigmoid',
    'InvertedResidual',
    'LayerNorm2d',
    'LayerScale',
    'MomentumAnnealingEMA',
    'MultiheadAttention',
    'PatchEmbed',
    'PatchWhitening',
    'QuickGELU',
    'ReparamBlock',
    'ResLayer',
    'ResidualBlock',
    'SELayer',
    'StochasticWeightAverage',
    'SwiGLUFFN',
    'SwiGLUFFNFused',
    'TransformerEncoderLayer',
    'build_activation_layer',
    'build_conv_layer',
    'build_dropout',
    'build_layer',
    'build_norm_layer',
    'channel_shuffle',
    'check_arguments',
    'checkpointed',
    'dirac_init',
    'drop_path',
    'drop_path_rates',
    'fuse_conv_norm',
    'get_expansion',
    'make_divisible',
    'resize_pos_embed',
    'switch_to_deploy',
]
