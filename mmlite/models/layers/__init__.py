"""The bricks of networks, and builders that take them from a config."""

from .activation import Clamp, HSigmoid, QuickGELU, build_activation_layer
from .adaptive_conv import Conv2dAdaptivePadding
from .attention import MultiheadAttention, biased_qkv, split_heads
from .averaged_model import (
    AveragedModel,
    CosineEMA,
    ExponentialMovingAverage,
    MomentumAnnealingEMA,
    StochasticWeightAverage,
)
from .beit_attention import BEiTAttention
from .beit_layer import BEiTTransformerEncoderLayer
from .build import build_layer, check_arguments
from .channel_attention import ChannelMultiheadAttention
from .channel_shuffle import channel_shuffle
from .checkpoint import checkpointed
from .context_block import ContextBlock
from .conv import build_conv_layer
from .conv_mlp import ConvMlp, NormedConvMlp
from .conv_module import ConvModule
from .conv_ws import ConvAWS2d, ConvWS2d
from .cross_attention import (
    CAETransformerRegressorLayer,
    CrossMultiheadAttention,
    PromptMultiheadAttention,
    PromptTransformerEncoderLayer,
)
from .decomposed_position import decomposed_position_bias, resize_rel_pos
from .dirac_init import DiracInit, dirac_init
from .drop import Dropout, DropPath, build_dropout, drop_path, drop_path_rates
from .ffn import FFN, SwiGLUFFN, SwiGLUFFNFused
from .fourier_position import PositionEncodingFourier
from .frames import (
    PackSequenceWrapper,
    SetBlockWrapper,
    each_sequence,
    lengths_of,
)
from .fuse import fuse_children
from .graph_conv import DyGraphConv2d, nearest_neighbours
from .hivit_blocks import BlockWithRPE, HiViTPatchEmbed, PatchMerge
from .inverted_residual import EdgeResidual, InvertedResidual
from .last_feature import last_feature
from .layer_scale import LayerScale
from .lora import LoRALinear
from .make_divisible import make_divisible
from .mlp import Mlp
from .non_local import NonLocal2d
from .norm import (
    GRN,
    BiasBatchNorm2d,
    LayerNorm2d,
    build_norm_layer,
    freeze_norms,
    norms_to_eval,
)
from .offset_attention import AttentionWithBias, LeAttention, distance_index
from .padding import build_padding_layer
from .part_conv import BareConv1d, BareConv2d, BareConv3d, FocalConv2d, GLConv
from .part_linear import SeparateBNNecks, SeparateFCs
from .patch_embed import AdaptivePadding, MapPatchEmbed, PatchEmbed
from .patch_merging import PatchMerging
from .patch_whitening import PatchWhitening
from .plugin import build_plugin_layer
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
    relative_position_index,
    resize_relative_position_bias_table,
)
from .reparam import ReparamBlock, fuse_conv_norm, norm_as_affine, switch_to_deploy
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
from .sparse import (
    SparseBatchNorm2d,
    SparseConv2d,
    SparseLayerNorm2d,
    SparseMaxPool2d,
    SparseSyncBatchNorm2d,
    hide,
    only_shown,
)
from .temporal_block import (
    BasicBlock3D,
    BasicBlockP3D,
    TemporalFeatureAggregator,
)
from .transformer_layer import TransformerEncoderLayer
from .upsample import (
    BilinearUpsample,
    NearestUpsample,
    PixelShufflePack,
    build_upsample_layer,
)
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
    'GRN',
    'AdaptivePadding',
    'AttentionWithBias',
    'AveragedModel',
    'BEiTAttention',
    'BEiTTransformerEncoderLayer',
    'BareConv1d',
    'BareConv2d',
    'BareConv3d',
    'BasicBlock',
    'BasicBlock3D',
    'BasicBlockP3D',
    'BiasBatchNorm2d',
    'BilinearUpsample',
    'BlockWithRPE',
    'Bottleneck',
    'CAETransformerRegressorLayer',
    'ChannelMultiheadAttention',
    'Clamp',
    'ConditionalPositionEncoding',
    'ContextBlock',
    'Conv2dAdaptivePadding',
    'ConvAWS2d',
    'ConvMlp',
    'ConvModule',
    'ConvWS2d',
    'CosineEMA',
    'CropAndResizeExtractor',
    'CrossMultiheadAttention',
    'DepthwiseSeparableConvModule',
    'DiracInit',
    'DropPath',
    'Dropout',
    'DyGraphConv2d',
    'EdgeResidual',
    'ExponentialMovingAverage',
    'FocalConv2d',
    'GLConv',
    'HSigmoid',
    'HiViTPatchEmbed',
    'InvertedResidual',
    'LayerNorm2d',
    'LayerScale',
    'LeAttention',
    'LoRALinear',
    'MapPatchEmbed',
    'Mlp',
    'MomentumAnnealingEMA',
    'MultiheadAttention',
    'NearestUpsample',
    'NonLocal2d',
    'NormedConvMlp',
    'PackSequenceWrapper',
    'PatchEmbed',
    'PatchMerge',
    'PatchMerging',
    'PatchWhitening',
    'PixelShufflePack',
    'PositionEncodingFourier',
    'PromptMultiheadAttention',
    'PromptTransformerEncoderLayer',
    'QuickGELU',
    'RelativePositionBias',
    'RelativePositions',
    'ReparamBlock',
    'ResLayer',
    'ResidualBlock',
    'RoIAlignExtractor',
    'RotaryEmbeddingFast',
    'SELayer',
    'SeparateBNNecks',
    'SeparateFCs',
    'SetBlockWrapper',
    'ShiftWindowMSA',
    'SparseBatchNorm2d',
    'SparseConv2d',
    'SparseLayerNorm2d',
    'SparseMaxPool2d',
    'SparseSyncBatchNorm2d',
    'StochasticWeightAverage',
    'SwiGLUFFN',
    'SwiGLUFFNFused',
    'TemporalFeatureAggregator',
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
    'build_padding_layer',
    'build_plugin_layer',
    'build_upsample_layer',
    'channel_shuffle',
    'check_arguments',
    'checkpointed',
    'decomposed_position_bias',
    'dirac_init',
    'distance_index',
    'drop_path',
    'drop_path_rates',
    'each_sequence',
    'fit_pos_embed',
    'fourier_positions',
    'freeze_norms',
    'fuse_children',
    'fuse_conv_norm',
    'get_expansion',
    'hide',
    'last_feature',
    'lengths_of',
    'make_divisible',
    'nearest_neighbours',
    'norm_as_affine',
    'norms_to_eval',
    'only_shown',
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
