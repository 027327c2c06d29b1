"""The bricks of networks, and builders that take them from a config."""

from .activation import HSigmoid, QuickGELU, build_activation_layer
from .attention import MultiheadAttention, biased_qkv, split_heads
from .averaged_model import (
    AveragedModel,
    ExponentialMovingAverage,
    MomentumAnnealingEMA,
    StochasticWeightAverage,
)
from .beit_attention import BEiTAttention
from .build import build_layer, check_arguments
from .checkpoint import checkpointed
from .conv import build_conv_layer
from .conv_module import ConvModule
from .decomposed_position import decomposed_position_bias, resize_rel_pos
from .dirac_init import DiracInit, dirac_init
from .drop import Dropout, DropPath, build_dropout, drop_path
from .ffn import FFN, SwiGLUFFN, SwiGLUFFNFused
from .fuse import fuse_children, norm_scale_shift
from .graph_conv import DyGraphConv2d, nearest_neighbours
from .layer_scale import LayerScale
from .make_divisible import make_divisible
from .mlp import Mlp
from .norm import BiasBatchNorm2d, LayerNorm2d, build_norm_layer
from .patch_embed import AdaptivePadding, PatchEmbed
from .patch_merging import PatchMerging
from .patch_whitening import PatchWhitening
from .position_embed import (
    ConditionalPositionEncoding,
    build_2d_sincos_position_embedding,
    fit_pos_embed,
    fourier_positions,
    resize_pos_embed,
)
from .relative_position import (
    RelativePositionBias,
    RelativePositions,
    distance_index,
    relative_position_index,
    resize_relative_position_bias_table,
)
from .rotary import RotaryEmbeddingFast
from .se_layer import SELayer
from .transformer_layer import TransformerEncoderLayer
from .window_attention import (
    ShiftWindowMSA,
    WindowAttention,
    WindowMSA,
    WindowMSAV2,
    pad_to_windows,
    window_partition,
    window_reverse,
)

__all__ = [
    'FFN',
    'AdaptivePadding',
    'AveragedModel',
    'BEiTAttention',
    'BiasBatchNorm2d',
    'ConditionalPositionEncoding',
    'ConvModule',
    'DiracInit',
    'DropPath',
    'Dropout',
    'DyGraphConv2d',
    'ExponentialMovingAverage',
    'HSigmoid',
    'LayerNorm2d',
    'LayerScale',
    'Mlp',
    'MomentumAnnealingEMA',
    'MultiheadAttention',
    'PatchEmbed',
    'PatchMerging',
    'PatchWhitening',
    'QuickGELU',
    'RelativePositionBias',
    'RelativePositions',
    'RotaryEmbeddingFast',
    'SELayer',
    'ShiftWindowMSA',
    'StochasticWeightAverage',
    'SwiGLUFFN',
    'SwiGLUFFNFused',
    'TransformerEncoderLayer',
    'WindowAttention',
    'WindowMSA',
    'WindowMSAV2',
    'biased_qkv',
    'build_2d_sincos_position_embedding',
    'build_activation_layer',
    'build_conv_layer',
    'build_dropout',
    'build_layer',
    'build_norm_layer',
    'check_arguments',
    'checkpointed',
    'decomposed_position_bias',
    'dirac_init',
    'distance_index',
    'drop_path',
    'fit_pos_embed',
    'fourier_positions',
    'fuse_children',
    'make_divisible',
    'nearest_neighbours',
    'norm_scale_shift',
    'pad_to_windows',
    'relative_position_index',
    'resize_pos_embed',
    'resize_rel_pos',
    'resize_relative_position_bias_table',
    'split_heads',
    'window_partition',
    'window_reverse',
]
