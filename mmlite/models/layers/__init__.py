"""The bricks of networks, and builders that take them from a config."""

from .activation import HSigmoid, QuickGELU, build_activation_layer
from .attention import MultiheadAttention
from .averaged_model import (
    AveragedModel,
    ExponentialMovingAverage,
    MomentumAnnealingEMA,
    StochasticWeightAverage,
)
from .build import build_layer, check_arguments
from .checkpoint import checkpointed
from .conv import build_conv_layer
from .conv_module import ConvModule
from .dirac_init import DiracInit, dirac_init
from .drop import Dropout, DropPath, build_dropout, drop_path
from .ffn import FFN, SwiGLUFFN, SwiGLUFFNFused
from .layer_scale import LayerScale
from .make_divisible import make_divisible
from .norm import BiasBatchNorm2d, LayerNorm2d, build_norm_layer
from .patch_embed import AdaptivePadding, PatchEmbed
from .patch_whitening import PatchWhitening
from .position_embed import fit_pos_embed, resize_pos_embed
from .se_layer import SELayer
from .transformer_layer import TransformerEncoderLayer

__all__ = [
    'FFN',
    'AdaptivePadding',
    'AveragedModel',
    'BiasBatchNorm2d',
    'ConvModule',
    'DiracInit',
    'DropPath',
    'Dropout',
    'ExponentialMovingAverage',
    'HSigmoid',
    'LayerNorm2d',
    'LayerScale',
    'MomentumAnnealingEMA',
    'MultiheadAttention',
    'PatchEmbed',
    'PatchWhitening',
    'QuickGELU',
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
    'check_arguments',
    'checkpointed',
    'dirac_init',
    'drop_path',
    'fit_pos_embed',
    'make_divisible',
    'resize_pos_embed',
]
