"""The bricks of networks, and builders that take them from a config."""

from .activation import HSigmoid, QuickGELU, build_activation_layer
from .adaptive_conv import Conv2dAdaptivePadding
from .attention import MultiheadAttention, biased_qkv, split_heads
from .averaged_model import (
    AveragedModel,
    ExponentialMovingAverage,
    MomentumAnnealingEMA,
    StochasticWeightAverage,
)
from .beit_attention import BEiTAttention
from .build import build_layer, check_arguments
from .channel_attention import ChannelMultiheadAttention
from .channel_shuffle import channel_shuffle
from .checkpoint import checkpointed
from .conv import build_conv_layer
from .conv_mlp import ConvMlp, NormedConvMlp
from .conv_module import ConvModule
from .decomposed_position import decomposed_position_bias, resize_rel_pos
from .dirac_init import DiracInit, dirac_init
from .drop import Dropout, DropPath, build_dropout, drop_path, drop_path_rates
from .ffn import FFN, SwiGLUFFN, SwiGLUFFNFused
from .fourier_position import PositionEncodingFourier
from .inverted_residual import EdgeResidual, InvertedResidual
from .layer_scale import LayerScale
from .make_divisible import make_divisible
from .norm import GRN, BiasBatchNorm2d, LayerNorm2d, build_norm_layer
from .offset_attention import AttentionWithBias, LeAttention, distance_index
from .patch_embed import AdaptivePadding, MapPatchEmbed, PatchEmbed
from .patch_merging import PatchMerging
from .patch_whitening import PatchWhitening
from .position_embed import fit_pos_embed, resize_pos_embed
from .relative_position import (
    RelativePositionBias,
    RelativePositions,
    relative_position_index,
    resize_relative_position_bias_table,
)
from .reparam import (
    ReparamBlock,
    fuse_conv_norm,
    norm_as_affine,
    switch_to_deploy,
)
from .residual_block import (
    BasicBlock,
    Bottleneck,
    ResidualBlock,
    ResLayer,
    get_expansion,
)
from .roi_extractors import CropAndResizeExtractor, RoIAlignExtractor
from .rotary import RotaryEmbeddingFast
from .se_layer import SELayer
from .separable_conv import DepthwiseSeparableConvModule
from .transformer_layer import TransformerEncoderLayer
from .window_attention import (
    ShiftWindowMSA,
    WindowMSA,
    WindowMSAV2,
    pad_to_windows,
    window_partition,
    window_reverse,
)

__all__ = [
    'FFN',
    'GRN',
    'AdaptivePadding',
    'AttentionWithBias',
    'AveragedModel',
    'BEiTAttention',
    'BasicBlock',
    'BiasBatchNorm2d',
    'Bottleneck',
    'ChannelMultiheadAttention',
    'Conv2dAdaptivePadding',
    'ConvMlp',
    'ConvModule',
    'CropAndResizeExtractor',
    'DepthwiseSeparableConvModule',
    'DiracInit',
    'DropPath',
    'Dropout',
    'EdgeResidual',
    'ExponentialMovingAverage',
    'HSigmoid',
    'InvertedResidual',
    'LayerNorm2d',
    'LayerScale',
    'LeAttention',
    'MapPatchEmbed',
    'MomentumAnnealingEMA',
    'MultiheadAttention',
    'NormedConvMlp',
    'PatchEmbed',
    'PatchMerging',
    'PatchWhitening',
    'PositionEncodingFourier',
    'QuickGELU',
    'RelativePositionBias',
    'RelativePositions',
    'ReparamBlock',
    'ResLayer',
    'ResidualBlock',
    'RoIAlignExtractor',
    'RotaryEmbeddingFast',
    'SELayer',
    'ShiftWindowMSA',
    'StochasticWeightAverage',
    'SwiGLUFFN',
    'SwiGLUFFNFused',
    'TransformerEncoderLayer',
    'WindowMSA',
    'WindowMSAV2',
    'biased_qkv',
    'build_activation_layer',
    'build_conv_layer',
    'build_dropout',
    'build_layer',
    'build_norm_layer',
    'channel_shuffle',
    'check_arguments',
    'checkpointed',
    'decomposed_position_bias',
    'dirac_init',
    'distance_index',
    'drop_path',
    'drop_path_rates',
    'fit_pos_embed',
    'fuse_conv_norm',
    'get_expansion',
    'make_divisible',
    'norm_as_affine',
    'pad_to_windows',
    'relative_position_index',
    'resize_pos_embed',
    'resize_rel_pos',
    'resize_relative_position_bias_table',
    'split_heads',
    'switch_to_deploy',
    'window_partition',
    'window_reverse',
]
