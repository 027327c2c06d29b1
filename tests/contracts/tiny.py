"""Arguments that make every part small: the one place where a new part is named.

A part that is registered but not listed fails its contract with the line to add.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
import torch

from mmlite.registry import MODELS, TRANSFORMS, Registry


class LossCase(NamedTuple):
    """Arguments of a loss, and the kind of ground truth that it compares with.

    Args:
        args: Arguments of the constructor.
        target: ``'labels'`` (class indices), ``'scores'`` (a distribution over
            the classes), ``'multi_hot'``, ``'dense'`` (numbers of any size) or
            ``'boxes'``.
    """

    args: dict[str, Any]
    target: str


# A transformer of two layers.
TOKENS = dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32)

# A pyramid of two stages, and a Twins.
STAGES = dict(embed_dims=8, depths=[1, 1], num_heads=[1, 2])
TWINS = dict(
    embed_dims=[8, 16],
    depths=[2, 1],
    num_heads=[1, 2],
    patch_sizes=[4, 2],
    strides=[4, 2],
    mlp_ratios=[2, 2],
    sr_ratios=[2, 1],
)

BACKBONES = {
    'AirbenchNet': dict(widths=(4, 8, 8), out_indices=(0, 2)),
    'AlexNet': dict(),
    'BEiTViT': dict(arch=TOKENS, img_size=64),
    'Conformer': dict(
        arch=dict(embed_dims=16, channel_ratio=1, num_heads=2, depths=3),
        base_channels=8,
        out_indices=(2, 3),
    ),
    'DaViT': dict(arch=STAGES, window_size=4, out_indices=(0, 1)),
    'CSPDarkNet': dict(depth=53, out_indices=(1, 4)),
    'CSPResNeXt': dict(depth=50),
    'CSPResNet': dict(depth=50, deep_stem=True, out_indices=(0, 3)),
    'ConvMixer': dict(
        arch=dict(embed_dims=8, depth=2, patch_size=8, kernel_size=3),
        out_indices=(0, 1),
    ),
    'ConvNeXt': dict(
        arch=dict(depths=[1, 2], channels=[8, 12]), use_grn=True, out_indices=(0, 1)
    ),
    'DeiT3': dict(arch=TOKENS, img_size=64),
    'DenseNet': dict(
        arch=dict(growth_rate=4, depths=[2, 1], init_channels=8), out_indices=(0, 1)
    ),
    'DistilledVisionTransformer': dict(
        arch=TOKENS, img_size=64, out_type='avg_featmap', out_indices=(0, 1)
    ),
    'HiViT': dict(
        arch=dict(embed_dims=32, depths=[1, 1, 2], num_heads=2),
        img_size=64,
        out_indices=(0, 1),
        rpe=True,
    ),
    'EdgeNeXt': dict(
        arch=dict(
            channels=[8, 12, 16, 24], depths=[1, 1, 2, 1], num_heads=[1, 2, 2, 2]
        ),
        gap_before_final_norm=False,
        out_indices=(1, 3),
    ),
    'EfficientFormer': dict(
        arch=dict(
            layers=[1, 1, 1, 1],
            embed_dims=[8, 8, 12, 16],
            downsamples=[False, True, True, True],
            vit_num=0,
        ),
        out_indices=(1, 3),
    ),
    'EfficientNet': dict(arch='es', out_indices=(2, 6)),
    'EfficientNetV2': dict(arch='b0', out_indices=(1, 7)),
    'HRNet': dict(
        extra={
            f'stage{i}': dict(
                num_modules=1,
                num_branches=i,
                block='BASIC',
                num_blocks=(1,) * i,
                num_channels=(4, 4, 8, 8)[:i],
            )
            for i in range(1, 5)
        }
    ),
    'HorNet': dict(
        arch=dict(
            base_dim=8,
            depths=[1, 1, 1, 1],
            orders=[2, 2, 3, 3],
            dw_cfg=[dict(type='DW', kernel_size=3)] * 2
            + [dict(type='GF', h=3, w=2)] * 2,
        ),
        gap_before_final_norm=False,
        out_indices=(0, 3),
    ),
    'InceptionV3': dict(num_classes=5),
    'LeNet5': dict(),
    'LeViT': dict(
        arch=dict(
            embed_dims=[16, 24], num_heads=[2, 3], depths=[1, 1], key_dims=[8, 8]
        ),
        img_size=64,
        out_indices=(0, 1),
    ),
    'MViT': dict(
        arch=dict(embed_dims=8, num_layers=3, num_heads=1, downscale_indices=[1]),
        img_size=64,
        out_scales=(0, 1),
    ),
    'MixMIMTransformer': dict(arch=STAGES, img_size=64, window_size=(4, 4)),
    'MlpMixer': dict(
        arch=dict(embed_dims=16, num_layers=2, tokens_mlp_dims=8, channels_mlp_dims=32),
        img_size=64,
    ),
    'MoCoV3ViT': dict(arch=TOKENS, img_size=64, patch_size=16),
    'MobileNetV2': dict(widen_factor=0.125, out_indices=(1, 3, 7)),
    'PCPVT': dict(arch=TWINS, out_indices=(0, 1), norm_after_stage=True),
    'PyramidVig': dict(arch=dict(blocks=[1, 1], channels=[8, 16]), k=2),
    'MobileNetV3': dict(arch='small_050', out_indices=(0, 3, 12)),
    'MobileOne': dict(
        arch=dict(
            num_blocks=[1, 1, 1, 1],
            width_factor=[0.125] * 4,
            num_conv_branches=[2, 1, 1, 1],
            num_se_blocks=[0, 0, 0, 1],
        ),
        out_indices=(0, 3),
    ),
    'MobileViT': dict(
        arch=[['mobilenetv2', 8, 2, 1, 2], ['mobilevit', 12, 2, 16, 16, 1, 2]],
        out_indices=(0, 1),
    ),
    'Plain': dict(layers_cfg=['BC-4', 'M', 'FC-8-1'], in_channels=3),
    'PoolFormer': dict(
        arch=dict(layers=[1, 1, 1], embed_dims=[8, 12, 16]),
        out_indices=(0, 3, 4),
        frozen_stages=-1,
    ),
    'RIFormer': dict(arch=dict(layers=[1, 1, 1], embed_dims=[8, 12, 16])),
    'RegNet': dict(arch='regnetx_400mf', out_indices=(0, 3)),
    'RepLKNet': dict(
        arch=dict(
            large_kernel_sizes=[7, 5],
            layers=[1, 1],
            channels=[8, 12],
            small_kernel=3,
            dw_ratio=1,
        ),
        out_indices=(0, 1),
    ),
    'RepMLPNet': dict(
        arch=dict(channels=[8, 16], depths=[1, 1], sharesets_nums=[1, 2]),
        img_size=64,
        out_indices=(0, 1),
    ),
    'RepVGG': dict(arch='A0', base_channels=8, out_indices=(0, 3)),
    'Res2Net': dict(depth=50, stem_channels=4, base_channels=8, scales=3),
    'ResNeSt': dict(depth=50, stem_channels=4, base_channels=4),
    'ResNeXt': dict(depth=50, groups=4, width_per_group=4, base_channels=16),
    'ResNet': dict(depth=18, stem_channels=4, base_channels=4, out_indices=(0, 3)),
    'ResNetV1c': dict(depth=18, stem_channels=4, base_channels=4),
    'ResNetV1d': dict(depth=18, stem_channels=4, base_channels=4),
    'ResNet9': dict(
        channels=[4, 8], in_channel=3, layers=[1, 2], strides=[1, 2], out_indices=(0, 1)
    ),
    'ResNet_CIFAR': dict(depth=18, stem_channels=4, base_channels=4),
    'RevVisionTransformer': dict(arch=TOKENS, img_size=64),
    'SEResNet': dict(depth=50, stem_channels=4, base_channels=4, se_ratio=2),
    'SVT': dict(arch=dict(TWINS, window_sizes=[3, 4]), out_indices=(0, 1)),
    'SEResNeXt': dict(depth=50, groups=4, width_per_group=4, base_channels=16),
    'SSDLiteMobileNetV3': dict(arch='small_050'),
    'SSDVGG': dict(depth=11),
    'ShuffleNetV1': dict(groups=2, widen_factor=0.5, out_indices=(0, 2)),
    'ShuffleNetV2': dict(widen_factor=0.5, out_indices=(0, 3)),
    'SwinTransformer': dict(
        arch=dict(embed_dims=8, depths=[2, 1], num_heads=[1, 2]),
        window_size=3,
        out_indices=(0, 1),
    ),
    'SwinTransformerV2': dict(
        arch=dict(
            embed_dims=8, depths=[2, 1], num_heads=[1, 2], extra_norm_every_n_blocks=1
        ),
        window_size=3,
        pretrained_window_sizes=(0, 0),
        out_indices=(0, 1),
    ),
    'T2T_ViT': dict(
        img_size=64,
        embed_dims=24,
        num_layers=2,
        t2t_cfg=dict(token_dims=8),
        layer_cfgs=dict(num_heads=2, feedforward_channels=24),
    ),
    'TNT': dict(
        arch=dict(
            embed_dims_outer=16,
            embed_dims_inner=8,
            num_layers=2,
            num_heads_outer=2,
            num_heads_inner=2,
        ),
        img_size=64,
    ),
    'TinyViT': dict(
        arch=dict(channels=[8, 12], num_heads=[1, 2], depths=[1, 2]),
        img_size=64,
        window_size=[3, 3],
        gap_before_final_norm=False,
        out_indices=(0, 1),
    ),
    'VAN': dict(
        arch=dict(embed_dims=[8, 12], depths=[1, 1], ffn_ratios=[2, 2]),
        patch_sizes=(7, 3),
        out_indices=(0, 1),
    ),
    'VGG': dict(depth=11, num_stages=3, dilations=(1, 1, 1), out_indices=(0, 2)),
    'ViTEVA02': dict(arch=TOKENS, img_size=64, out_type='featmap'),
    'ViTSAM': dict(
        arch=dict(TOKENS, global_attn_indexes=[1]), window_size=3, out_channels=8
    ),
    'Vig': dict(arch=dict(num_blocks=2, channels=16), k=2),
    'VisionTransformer': dict(arch=TOKENS, img_size=64),
    'XCiT': dict(embed_dims=16, depth=2, num_heads=2, img_size=64),
}

# Shape of one image; parts that are not listed take IMAGE.
IMAGE = (3, 64, 64)
IMAGES = {
    'AlexNet': (3, 96, 96),
    'InceptionV3': (3, 96, 96),
    'LeNet5': (1, 32, 32),
    'PyramidVig': (3, 224, 224),
    'Vig': (3, 224, 224),
}

# Backbones that take no other size of image, each with the reason.
FIXED_SIZE = {
    'LeNet5': 'its last convolution must leave 1x1',
    'LeViT': 'its biases are for a fixed grid of tokens',
    'MixMIMTransformer': 'its windows divide a fixed grid of tokens',
    'RepMLPNet': 'its weights mix a fixed number of pixels',
    'TinyViT': 'mmpretrain states the size of its maps when it is built',
    'MlpMixer': 'its weights mix a fixed number of patches',
    'PyramidVig': 'its positions are for a fixed grid of nodes',
    'TNT': 'its positions are for a fixed grid of patches',
    'Vig': 'its positions are for a fixed grid of nodes',
}

# Backbones where rounding decides at some places, each with the reason.
ROUNDED = {
    'PyramidVig': 'two neighbours may be equally near',
    'Vig': 'two neighbours may be equally near',
}

# Backbones of a pre-training, which return other things than maps and vectors.
PRETRAINING = {
    'BEiTPretrainViT': 'returns all tokens',
    'CAEPretrainViT': 'returns all tokens',
    'MAEHiViT': 'returns tokens, a mask, and where they belong',
    'MAEViT': 'returns tokens, a mask, and where they belong',
    'MFFViT': 'returns tokens, a mask, and where they belong',
    'MILANViT': 'returns tokens, and where they belong',
    'MaskFeatViT': 'returns all tokens',
    'MixMIMPretrainTransformer': 'returns tokens, and of which image they are',
    'SimMIMSwinTransformer': 'has a token that only a mask needs',
    'iTPNHiViT': 'returns tokens, a mask, and where they belong',
}

# Backbones around another network, which decides what they promise, each with the
# reason why no contract is tried.
AROUND = {
    'HuggingFaceBackbone': 'takes a package that is optional',
    'LoRAModel': 'freezes the weights, and saves the changes alone',
    'TIMMBackbone': 'takes a package that is optional',
    'TorchvisionBackbone': 'takes a package that is optional',
}

# Parameters without effect that a checkpoint has, each with the reason.
UNREACHED = {'DeiT3': ('ln2', 'mmpretrain calls the first norm twice')}

NECKS = {
    'GeMHPP': dict(bin_num=[3]),
    'HorizontalPoolingPyramid': dict(bin_num=[3, 1]),
    'FPN': dict(in_channels=(6, 8), out_channels=4, num_outs=3),
    'SSDNeck': dict(
        in_channels=(6, 8),
        out_channels=(6, 8, 4),
        level_strides=(2,),
        level_paddings=(1,),
        l2_norm_scale=20,
    ),
    'ClsBatchNormNeck': dict(input_features=8),
    'GeneralizedMeanPooling': dict(),
    'GlobalAveragePooling': dict(),
    'GlobalMaxPooling': dict(),
    'HRFuseScales': dict(in_channels=(6, 8), out_channels=12),
    'DenseCLNeck': dict(in_channels=8, hid_channels=6, out_channels=4),
    'LinearNeck': dict(in_channels=8, out_channels=4, gap_dim=2),
    'MoCoV2Neck': dict(in_channels=8, hid_channels=6, out_channels=4),
    'NonLinearNeck': dict(
        in_channels=8, hid_channels=6, out_channels=4, norm_cfg=dict(type='BN1d')
    ),
    'SwAVNeck': dict(in_channels=8, hid_channels=6, out_channels=4),
}

# Necks that take vectors of width 8 alone, and necks that read the last map alone.
VECTOR_NECKS = ('ClsBatchNormNeck',)
LAST_ALONE = ('DenseCLNeck', 'LinearNeck', 'MoCoV2Neck', 'NonLinearNeck')

# For heads: the width of the feature vector is 8, the number of classes 5. A head
# of several ``in_channels`` gets as many vectors.
HEADS = {
    'ArcFaceClsHead': dict(num_classes=5, in_channels=8),
    'ClsHead': dict(),
    'CSRAClsHead': dict(num_classes=5, in_channels=8, num_heads=2, lam=0.1),
    'ConformerHead': dict(num_classes=5, in_channels=[8, 8]),
    'DeiTClsHead': dict(num_classes=5, in_channels=8, hidden_dim=6),
    'LeViTClsHead': dict(num_classes=5, in_channels=8),
    'LinearClsHead': dict(num_classes=5, in_channels=8),
    'MultiLabelClsHead': dict(),
    'MultiLabelLinearClsHead': dict(num_classes=5, in_channels=8),
    'ScaledLinearClsHead': dict(num_classes=5, in_channels=8, scale=0.5),
    'VigClsHead': dict(num_classes=5, in_channels=8, hidden_dim=6),
    'EfficientFormerClsHead': dict(num_classes=5, in_channels=8),
    'StackedLinearClsHead': dict(num_classes=5, in_channels=8, mid_channels=[6]),
    'VisionTransformerClsHead': dict(num_classes=5, in_channels=8, hidden_dim=6),
}

LOSSES = {
    'AsymmetricLoss': [LossCase(dict(), 'multi_hot')],
    'FocalLoss': [LossCase(dict(), 'multi_hot'), LossCase(dict(gamma=1.5), 'labels')],
    # Its factors for q are not differentiated through.
    'SeesawLoss': [LossCase(dict(num_classes=5, q=0.0), 'labels')],
    'CrossEntropyLoss': [
        LossCase(dict(), 'labels'),
        LossCase(dict(class_weight=[1.0, 2.0, 3.0, 4.0, 5.0]), 'labels'),
        LossCase(dict(use_soft=True), 'scores'),
        LossCase(dict(use_sigmoid=True, pos_weight=2.0), 'multi_hot'),
    ],
    'CIoULoss': [LossCase(dict(), 'boxes')],
    'DIoULoss': [LossCase(dict(), 'boxes')],
    'GIoULoss': [LossCase(dict(), 'boxes')],
    'IoULoss': [LossCase(dict(), 'boxes')],
    'L1Loss': [LossCase(dict(), 'dense')],
    'LabelSmoothLoss': [
        LossCase(dict(label_smooth_val=0.1), 'labels'),
        LossCase(dict(label_smooth_val=0.1, mode='classy_vision'), 'labels'),
        LossCase(dict(label_smooth_val=0.1, mode='multi_label'), 'multi_hot'),
    ],
    'MSELoss': [LossCase(dict(), 'dense')],
    'SmoothL1Loss': [LossCase(dict(beta=0.5), 'dense')],
}

#: The promises that heads and losses can state, each with a contract of its own.
PROMISES = {
    'heads': (
        'ClassificationHead',
        'MultiLabelHead',
        'MultiTaskHead',
        'PretrainHead',
        'AnchorHead',
        'BoxHead',
        'RoIHead',
    ),
    'losses': (
        'ElementwiseLoss',
        'MaskedLoss',
        'PartLoss',
        'PretrainLoss',
        'SetLoss',
    ),
}

#: For losses over the pixels whose disparity is known: arguments for two estimates.
MASKED_LOSSES: dict[str, dict[str, Any]] = {
    'DisparityLoss': dict(weights=[0.5, 1.0]),
    'DisparitySequenceLoss': dict(),
    'Smooth_l1_Loss': dict(),
    'Weighted_Smooth_l1_Loss': dict(weights=[0.5, 1.0]),
}

#: For losses of sets: arguments; the embeddings are 6 of width 8, of 3 classes.
SET_LOSSES: dict[str, dict[str, Any]] = {
    'SupConLoss': dict(temperature=0.5),
    'TripletLoss': dict(margin=0.2),
}

#: For losses of logits of parts; they are 4 of 5 classes and 3 parts.
PART_LOSSES: dict[str, dict[str, Any]] = {'PartCrossEntropyLoss': dict(scale=4)}


class HeadCase(NamedTuple):
    """Arguments of a head for pretraining, and what its loss is called with.

    Args:
        args: Arguments of the constructor.
        inputs: Shapes of the arguments of ``loss``.
    """

    args: dict[str, Any]
    inputs: Sequence[tuple[int, ...]]


L2 = dict(type='PixelReconstructionLoss', criterion='L2')
_CE = dict(type='CrossEntropyLoss')
_MLP = dict(
    type='MoCoV2Neck',
    in_channels=8,
    hid_channels=6,
    out_channels=8,
    with_avg_pool=False,
)
_SWAV_LOSS = dict(feat_dim=8, num_crops=[2, 1], num_prototypes=5)
_CROSS_ENTROPY = dict(type='CrossEntropyLoss')
_COSINE = dict(type='CosineSimilarityLoss')

PRETRAIN_HEADS: dict[str, HeadCase] = {
    'BEiTV1Head': HeadCase(
        dict(embed_dims=8, num_embed=5, loss=_CE), [(2, 5, 8), (2, 5, 2, 2), (2, 2, 2)]
    ),
    'BEiTV2Head': HeadCase(
        dict(embed_dims=8, num_embed=5, loss=dict(type='L1Loss')),
        [(2, 4, 8), (2, 4, 8), (2, 4, 5), (2, 2, 2)],
    ),
    'SparKPretrainHead': HeadCase(
        dict(patch_size=2), [(2, 3, 4, 4), (2, 3, 4, 4), (2, 1, 2, 2)]
    ),
    'CAEHead': HeadCase(
        dict(loss=dict(type='CAELoss', lambd=2)),
        [(8, 5), (2, 5, 2, 2), (2, 4, 8), (2, 4, 8), (2, 4)],
    ),
    'MAEPretrainHead': HeadCase(dict(patch_size=2), [(2, 4, 12), (2, 3, 4, 4), (2, 4)]),
    'MIMHead': HeadCase(dict(loss=L2), [(2, 4, 8), (2, 4, 8), (2, 4)]),
    'MixMIMPretrainHead': HeadCase(
        dict(patch_size=2), [(4, 4, 12), (2, 3, 4, 4), (1, 4, 1)]
    ),
    'SimMIMHead': HeadCase(
        dict(patch_size=2, loss=L2), [(2, 3, 4, 4), (2, 3, 4, 4), (2, 2, 2)]
    ),
    'iTPNClipHead': HeadCase(
        dict(embed_dims=8, num_embed=5, loss=dict(type='L1Loss')),
        [(2, 4, 8), (2, 4, 5), (2, 2, 2)],
    ),
    'ContrastiveHead': HeadCase(dict(loss=_CROSS_ENTROPY), [(4, 1), (4, 7)]),
    'LatentCrossCorrelationHead': HeadCase(
        dict(in_channels=8, loss=dict(type='CrossCorrelationLoss')), [(4, 8), (4, 8)]
    ),
    'LatentPredictHead': HeadCase(dict(loss=_COSINE, predictor=_MLP), [(4, 8), (4, 8)]),
    'MoCoV3Head': HeadCase(dict(loss=_CROSS_ENTROPY, predictor=_MLP), [(4, 8), (4, 8)]),
    'SwAVHead': HeadCase(dict(loss=dict(_SWAV_LOSS, type='SwAVLoss')), [(12, 8)]),
}

GAIT_LOSSES = [
    dict(type='TripletLoss', margin=5.0, log_prefix='triplet'),
    dict(type='PartCrossEntropyLoss', log_prefix='softmax'),
]
GAIT_BASE = dict(
    backbone_cfg=dict(type='ResNet9', channels=[4, 8], layers=[1, 1], strides=[1, 2]),
    SeparateFCs=dict(in_channels=8, out_channels=6, parts_num=4),
    SeparateBNNecks=dict(class_num=5, in_channels=6, parts_num=4),
    bin_num=[4],
    loss_cfg=GAIT_LOSSES,
)
#: As PRETRAIN_HEADS, for losses whose arguments are tensors of numbers.
PRETRAIN_LOSSES: dict[str, HeadCase] = {
    'CosineSimilarityLoss': HeadCase(dict(), [(2, 4, 8), (2, 4, 8), (2, 4)]),
    'CrossCorrelationLoss': HeadCase(dict(), [(4, 4)]),
    'PixelReconstructionLoss': HeadCase(
        dict(criterion='L2'), [(2, 4, 8), (2, 4, 8), (2, 4)]
    ),
    'SwAVLoss': HeadCase(_SWAV_LOSS, [(12, 8)]),
}

#: Losses for pretraining that need more than numbers, each with the reason.
OWN_LOSSES = {'CAELoss': 'takes the numbers of words'}

#: For heads of anchors: arguments; they read maps of 8 channels, 8x8 and 4x4.
ANCHOR_HEADS: dict[str, dict[str, Any]] = {
    'RPNHead': dict(
        in_channels=8,
        anchor_generator=dict(type='AnchorGenerator', sizes=[[16], [32]]),
    ),
    'RetinaHead': dict(
        num_classes=3,
        in_channels=8,
        feat_channels=8,
        stacked_convs=1,
        prior=0.2,
        anchor_generator=dict(type='AnchorGenerator', sizes=[[16], [32]]),
    ),
    'SSDHead': dict(
        num_classes=3,
        in_channels=(8, 8),
        anchor_generator=dict(
            type='SSDAnchorGenerator', ratios=[[2], [2]], min_scale=0.25, max_scale=0.5
        ),
    ),
}

#: For networks of a box: arguments; its features are 8 channels, 7x7.
BOX_HEADS: dict[str, dict[str, Any]] = {
    'ConvFCBBoxHead': dict(num_classes=3, in_channels=8, fc_out_channels=6),
}

#: For second stages: arguments; they read maps of 8 channels.
ROI_HEADS: dict[str, dict[str, Any]] = {
    'RoIHead': dict(
        bbox_head=dict(type='ConvFCBBoxHead', **BOX_HEADS['ConvFCBBoxHead'])
    ),
}

_FPN_BACKBONE = dict(
    type='ResNet',
    depth=18,
    stem_channels=4,
    base_channels=4,
    num_stages=3,
    strides=(1, 2, 2),
    dilations=(1, 1, 1),
)
_SCALED = dict(mean=[127.5] * 3, std=[64.0] * 3)
_FPN = dict(type='FPNExtractor', neck=dict(out_channels=8))

# Networks of stereo matching, few layers where they can have fewer.
STEREO: dict[str, dict[str, Any]] = {
    'GwcNet': dict(max_disp=16, num_groups=8, use_concat_volume=True),
    'LightStereo': dict(max_disp=16, aggregation_blocks=(1, 2, 2), expanse_ratio=1),
    'PSMNet': dict(max_disp=16),
    'RAFTStereo': dict(
        hidden_dims=(16, 16, 16),
        n_gru_layers=2,
        slow_fast_gru=True,
        shared_backbone=True,
        train_iters=2,
        valid_iters=2,
        max_disp=16,
    ),
    'TinyStereo': dict(max_disp=16, channels=8, num_groups=2, depth=1),
}


_VIEWS = dict(
    backbone=dict(type='ResNet_CIFAR', depth=18, stem_channels=8, base_channels=8),
    neck=dict(type='MoCoV2Neck', in_channels=64, hid_channels=8, out_channels=8),
)
_PREDICT = dict(type='LatentPredictHead', loss=_COSINE, predictor=_MLP)
_CONTRAST = dict(type='ContrastiveHead', loss=_CROSS_ENTROPY)
_QUEUE = dict(_VIEWS, queue_len=6, feat_dim=8, head=_CONTRAST)
CONTRASTIVE: dict[str, dict[str, Any]] = {
    'BYOL': dict(_VIEWS, head=_PREDICT),
    'BarlowTwins': dict(
        _VIEWS,
        head=dict(
            type='LatentCrossCorrelationHead',
            in_channels=8,
            loss=dict(type='CrossCorrelationLoss'),
        ),
    ),
    'DenseCL': dict(
        _QUEUE,
        neck=dict(type='DenseCLNeck', in_channels=64, hid_channels=8, out_channels=8),
    ),
    'MoCo': _QUEUE,
    'MoCoV3': dict(
        _VIEWS, head=dict(type='MoCoV3Head', loss=_CROSS_ENTROPY, predictor=_MLP)
    ),
    'SimCLR': dict(_VIEWS, head=_CONTRAST),
    'SimSiam': dict(_VIEWS, head=_PREDICT),
    'SwAV': dict(
        _VIEWS,
        neck=dict(type='SwAVNeck', in_channels=64, hid_channels=8, out_channels=8),
        head=dict(
            type='SwAVHead',
            loss=dict(type='SwAVLoss', feat_dim=8, num_prototypes=5),
        ),
    ),
}

#: For wholes: config, and the task whose noise they are given.
WHOLES: dict[str, tuple[dict[str, Any], str]] = {
    'Baseline': (GAIT_BASE, 'gait'),
    'DeepGaitV2': (
        dict(
            Backbone=dict(mode='p3d', channels=[2, 4, 6, 8]),
            SeparateBNNecks=dict(class_num=5),
            loss_cfg=GAIT_LOSSES,
        ),
        'gait',
    ),
    'GaitBase': (GAIT_BASE, 'gait'),
    'GaitGL': (dict(channels=[2, 4, 6], class_num=5, loss_cfg=GAIT_LOSSES), 'gait'),
    'GaitPart': (
        dict(
            backbone_cfg=dict(type='Plain', layers_cfg=['BC-4', 'M', 'FC-8-1']),
            SeparateFCs=dict(in_channels=8, out_channels=6, parts_num=4),
            bin_num=[4],
            loss_cfg=GAIT_LOSSES[:1],
        ),
        'gait',
    ),
    'GaitSet': (
        dict(
            in_channels=[1, 4, 6, 8],
            SeparateFCs=dict(in_channels=8, out_channels=6, parts_num=6),
            bin_num=[2, 1],
            loss_cfg=GAIT_LOSSES[:1],
        ),
        'gait',
    ),
    'SkeletonGait': (
        dict(
            Backbone=dict(mode='2d', channels=[2, 4, 6, 8]),
            SeparateBNNecks=dict(class_num=5),
            loss_cfg=GAIT_LOSSES,
        ),
        'skeleton_gait',
    ),
    **{name: (args, 'stereo') for name, args in STEREO.items()},
    **{name: (args, 'views') for name, args in CONTRASTIVE.items()},
    'ImageToImageRetriever': (
        dict(
            image_encoder=[dict(type='LeNet5'), dict(type='GlobalAveragePooling')],
            head=dict(type='ArcFaceClsHead', num_classes=5, in_channels=120),
            prototype=torch.eye(120)[:6],
        ),
        'classification',
    ),
    'ImageClassifier': (
        dict(
            backbone=dict(type='LeNet5'),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=5, in_channels=120),
        ),
        'classification',
    ),
    **{
        name: (
            dict(
                num_classes=3,
                feature_extractor=dict(
                    _FPN, backbone=dict(_FPN_BACKBONE, out_indices=(1, 2))
                ),
                rpn_head=ANCHOR_HEADS['RPNHead'] | dict(type='RPNHead'),
                roi_head=ROI_HEADS['RoIHead'] | dict(type='RoIHead'),
                data_preprocessor=_SCALED,
            ),
            'detection',
        )
        for name in ('FasterRCNN', 'FasterRCNNMetaArch')
    },
    **{
        name: (
            dict(
                num_classes=3,
                feature_extractor=dict(
                    _FPN, backbone=dict(_FPN_BACKBONE, out_indices=(1, 2))
                ),
                bbox_head=ANCHOR_HEADS[head] | dict(type=head),
                data_preprocessor=_SCALED,
            ),
            'detection',
        )
        for name, head in (
            ('SSD', 'SSDHead'),
            ('SSDMetaArch', 'SSDHead'),
            ('RetinaNet', 'RetinaHead'),
        )
    },
}

_MAE_VIT = dict(arch=TOKENS, img_size=32, patch_size=8)
_MAE_DECODER = dict(
    type='MAEPretrainDecoder',
    num_patches=16,
    patch_size=8,
    embed_dim=16,
    decoder_embed_dim=8,
    decoder_depth=1,
    decoder_num_heads=2,
)
_MAE_HEAD = dict(type='MAEPretrainHead', patch_size=8, norm_pix=True)
_WORDS = dict(type='DALL-E', n_hid=4, vocab_size=5, n_blk_per_group=1)
_CLIP = dict(
    type='CLIPGenerator',
    arch=dict(grid=4, patch_size=8, width=8, layers=1, heads=2, output_dim=6),
)
WHOLES.update(
    EVA=(
        dict(
            backbone=dict(_MAE_VIT, type='MAEViT'),
            neck=dict(_MAE_DECODER, predict_feature_dim=6),
            head=dict(
                type='MIMHead',
                loss=dict(type='CosineSimilarityLoss', shift_factor=1.0),
            ),
            target_generator=_CLIP,
        ),
        'masked',
    ),
    MILAN=(
        dict(
            backbone=dict(_MAE_VIT, type='MILANViT'),
            neck=dict(_MAE_DECODER, type='MILANPretrainDecoder', predict_feature_dim=6),
            head=dict(
                type='MIMHead',
                loss=dict(type='CosineSimilarityLoss', shift_factor=1.0),
            ),
            target_generator=_CLIP,
        ),
        'masked',
    ),
    MAE=(
        dict(backbone=dict(_MAE_VIT, type='MAEViT'), neck=_MAE_DECODER, head=_MAE_HEAD),
        'masked',
    ),
    MFF=(
        dict(
            backbone=dict(_MAE_VIT, type='MFFViT', out_indices=[0, 1]),
            neck=_MAE_DECODER,
            head=_MAE_HEAD,
        ),
        'masked',
    ),
    SimMIM=(
        dict(
            backbone=dict(
                type='SimMIMSwinTransformer',
                arch=dict(embed_dims=8, depths=[1, 1], num_heads=[1, 2]),
                patch_size=8,
                img_size=32,
                window_size=2,
                out_indices=(1,),
            ),
            neck=dict(type='SimMIMLinearDecoder', in_channels=16, encoder_stride=16),
            head=dict(type='SimMIMHead', patch_size=8, loss=dict(L2, channel=3)),
        ),
        'masked',
    ),
    BEiT=(
        dict(
            backbone=dict(_MAE_VIT, type='BEiTPretrainViT'),
            head=dict(type='BEiTV1Head', embed_dims=16, num_embed=5, loss=_CE),
            target_generator=_WORDS,
        ),
        'two_pictures',
    ),
    CAE=(
        dict(
            backbone=dict(_MAE_VIT, type='CAEPretrainViT'),
            neck=dict(
                type='CAENeck',
                num_classes=5,
                embed_dims=16,
                regressor_depth=1,
                decoder_depth=1,
                num_heads=2,
                mask_tokens_num=8,
            ),
            head=dict(type='CAEHead', loss=dict(type='CAELoss', lambd=2)),
            target_generator=_WORDS,
        ),
        'two_pictures',
    ),
    MixMIM=(
        dict(
            backbone=dict(
                type='MixMIMPretrainTransformer',
                arch=STAGES,
                img_size=32,
                window_size=(4, 4),
            ),
            neck=dict(
                type='MixMIMPretrainDecoder',
                num_patches=16,
                encoder_stride=8,
                embed_dim=16,
                decoder_embed_dim=8,
                decoder_depth=1,
                decoder_num_heads=2,
            ),
            head=dict(type='MixMIMPretrainHead'),
        ),
        'masked',
    ),
    MaskFeat=(
        dict(
            backbone=dict(type='MaskFeatViT', arch=TOKENS, img_size=112, patch_size=8),
            neck=dict(
                type='LinearNeck', in_channels=16, out_channels=27, norm_cfg=None
            ),
            head=dict(type='MIMHead', loss=L2),
            target_generator=dict(type='HOGGenerator'),
        ),
        'masked_14',
    ),
    iTPN=(
        dict(
            backbone=dict(
                type='iTPNHiViT',
                arch=dict(embed_dims=32, depths=[1, 1, 2], num_heads=2),
                img_size=64,
            ),
            neck=dict(
                type='iTPNPretrainDecoder',
                num_patches=16,
                embed_dim=32,
                fpn_dim=8,
                fpn_depth=1,
                decoder_embed_dim=16,
                decoder_depth=1,
                decoder_num_heads=2,
            ),
            head=dict(type='MAEPretrainHead', patch_size=16),
        ),
        'masked_64',
    ),
)

#: Wholes of packages that are optional.
OF_OTHERS = ('HuggingFaceClassifier', 'TimmClassifier')

#: The masked image models, whose recipes are tested with these small parts.
MASKED = ('BEiT', 'CAE', 'EVA', 'MAE', 'MFF', 'MILAN', 'MaskFeat', 'MixMIM', 'SimMIM')

#: For samplers: arguments, and whether another epoch has another order.
SAMPLERS: dict[str, tuple[dict[str, Any], bool]] = {
    'AspectRatioBatchSampler': (dict(batch_size=4), True),
    'DefaultSampler': (dict(), True),
    'InfiniteSampler': (dict(), True),
    'PKSampler': (dict(num_identities=3, num_instances=2), True),
    'RepeatAugSampler': (dict(), True),
    'SequentialSampler': (dict(), False),
    'WeightedRandomSampler': (dict(), True),
}

WALK_TYPES = dict(gallery=['nm-01'], probe=dict(NM=['nm-02']))

#: For metrics: arguments, and what they are given (see ``test_metrics.py``).
METRIC_CASES: dict[str, tuple[dict[str, Any], str]] = {
    'CrossViewRank': (dict(protocol=WALK_TYPES), 'walks'),
    'CrossViewRetrieval': (dict(protocol=WALK_TYPES), 'walks'),
    'GaitRetrieval': (dict(protocol=WALK_TYPES), 'walks'),
    'Accuracy': (dict(topk=(1, 3)), 'scores'),
    'AveragePrecision': (dict(), 'scores'),
    'CocoMetric': (dict(classwise=True), 'boxes'),
    'ConfusionMatrix': (dict(), 'scores'),
    'KNNAccuracy': (dict(k=3), 'embeddings'),
    'MultiLabelMetric': (dict(thr=0.2), 'scores'),
    'DisparityMetric': (dict(reduction=['image', 'pixel']), 'disparities'),
    'RetrievalAveragePrecision': (dict(topk=3), 'scores'),
    'RetrievalRecall': (dict(topk=(1, 3)), 'scores'),
    'SingleLabelMetric': (dict(average=None), 'scores'),
    'VOCMetric': (dict(classwise=True), 'boxes'),
    'MultiTasksMetric': (dict(task_metrics=dict(a=[dict(type='Accuracy')])), 'tasks'),
    'VOCAveragePrecision': (dict(), 'difficult'),
    'VOCMultiLabelMetric': (dict(thr=0.2), 'difficult'),
}

# For transforms: the image is 33x47.
_OPERATIONS = {
    'AutoContrast': dict(prob=1.0),
    'Brightness': dict(magnitude=0.4, prob=1.0),
    'ColorTransform': dict(magnitude=0.4, prob=1.0),
    'Contrast': dict(magnitude=0.4, prob=1.0),
    'Cutout': dict(shape=8, prob=1.0),
    'Equalize': dict(prob=1.0),
    'GaussianBlur': dict(radius=1.0, prob=1.0),
    'Invert': dict(prob=1.0),
    'Posterize': dict(bits=3, prob=1.0),
    'Sharpness': dict(magnitude=0.4, prob=1.0),
    'Solarize': dict(thr=128, prob=1.0),
    'SolarizeAdd': dict(magnitude=50, prob=1.0),
}
STEPS = {
    'Expand': dict(prob=1.0, ratio_range=(1, 2)),
    'FilterAnnotations': dict(),
    'MinIoURandomCrop': dict(),
    'Mosaic': dict(prob=0.0),  # its sample has further ones
    'PhotoMetricDistortion': dict(),
    'RandomChoiceResize': dict(scales=[(40, 60), (70, 30)]),
    'LoadSequence': dict(),
    'RandomPerspective': dict(prob=1.0),
    'RandomRotate': dict(prob=1.0),
    'SampleFrames': dict(sample_type='fixed_ordered', frames_num_fixed=2),
    'SilhouetteCut': dict(cutting=2),
    'SkeletonMaps': dict(size=32),
    **_OPERATIONS,
    'AutoAugment': dict(policies='imagenet'),
    'EfficientNetCenterCrop': dict(crop_size=20),
    'EfficientNetRandomCrop': dict(scale=20),
    'Lighting': dict(eigval=[50.0, 5.0, 1.0], eigvec=[[0.5] * 3] * 3, alphastd=1.0),
    'RandAugment': dict(policies='timm_increasing', num_policies=2, magnitude_level=9),
    'RandomApply': dict(transforms=[dict(type='CenterCrop', crop_size=20)]),
    'RandomChoice': dict(
        transforms=[dict(type='CenterCrop', crop_size=n) for n in (20, 21)]
    ),
    'Rotate': dict(angle=20.0, prob=1.0),
    'Shear': dict(magnitude=0.2, prob=1.0),
    'Translate': dict(magnitude=0.2, prob=1.0),
    'AlternatingFlip': dict(),
    'CenterCrop': dict(crop_size=20),
    'ColorJitter': dict(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
    'Compose': dict(transforms=[dict(type='RandomFlip', prob=0.5)]),
    'LoadAnnotations': dict(),
    'LoadDisparity': dict(),
    'LoadImageFromFile': dict(),
    'MultiView': dict(
        transforms=[[dict(type='RandomCrop', crop_size=20)]], num_views=2
    ),
    'Normalize': dict(mean=[120.0] * 3, std=[60.0] * 3),
    'PackInputs': dict(),
    'NumpyToPIL': dict(),
    'ToPIL': dict(),
    'ToNumpy': dict(),
    'PILToNumpy': dict(),
    'PackMultiTaskInputs': dict(multi_task_fields=()),
    'Pad': dict(size=(50, 40)),
    'RandomCrop': dict(crop_size=20, padding=4),
    'RandomErasing': dict(erase_prob=1.0, mode='rand'),
    'RandomFlip': dict(prob=0.5, direction='horizontal'),
    'RandomGrayscale': dict(prob=0.5, keep_channels=True),
    'RandomResizedCrop': dict(scale=20),
    'RandomResizedCropAndInterpolationWithTwoPic': dict(size=20),
    'BEiTMaskGenerator': dict(input_size=7, num_masking_patches=20),
    'SimMIMMaskGenerator': dict(input_size=64, mask_ratio=0.5),
    'RandomStereoScale': dict(scale_range=(-0.5, 0.5)),
    'Resize': dict(scale=(21, 19)),
    'ResizeEdge': dict(scale=20),
    'Shift': dict(x=3, y=-2),
    'ShiftView': dict(),  # its sample is a stereo pair
    'SwapFlip': dict(prob=0.0),  # its sample is a stereo pair
    'ViewErasing': dict(),  # its sample is a stereo pair
    'TestTimeAug': dict(
        transforms=[[dict(type='RandomFlip', prob=p) for p in (0.0, 1.0)]]
    ),
}

# For transforms of batches: the images are 9x12.
BATCH_STEPS = {
    'BatchRandomCrop': dict(crop_size=(8, 10), padding=2),
    'BatchRandomErasing': dict(erase_prob=0.7),
    'BatchRandomFlip': dict(prob=0.6, direction=['horizontal', 'diagonal']),
}

# Transforms of batches that change the pixels and move nothing.
KEEP_PLACE = ('BatchRandomErasing',)

# Transforms that change the pixels and move nothing.
PHOTOMETRIC = (
    *('ColorJitter', 'Lighting', 'Normalize', 'RandomErasing', 'RandomGrayscale'),
    'PhotoMetricDistortion',
    *_OPERATIONS,
)

# Transforms that neither move nor change pixels themselves.
NEITHER = (
    *('BEiTMaskGenerator', 'SimMIMMaskGenerator'),
    *('LoadSequence', 'RandomPerspective', 'SampleFrames', 'SilhouetteCut'),
    'SkeletonMaps',
    *('AutoAugment', 'RandAugment', 'RandomApply', 'RandomChoice'),
    'Compose',
    'LoadAnnotations',
    'LoadDisparity',
    'LoadImageFromFile',
    *('FilterAnnotations', 'MinIoURandomCrop', 'Mosaic'),  # depend on boxes
    'MultiView',
    'PackInputs',
    'ShiftView',
    'PackMultiTaskInputs',
    *('NumpyToPIL', 'PILToNumpy', 'ToNumpy', 'ToPIL'),
    'RandomPerspective',
    'RandomResizedCropAndInterpolationWithTwoPic',
    'SwapFlip',
    'TestTimeAug',
    'ViewErasing',
)

# Transforms that turn uint8 into something else, each with the reason.
OTHER_DTYPE = {'Normalize': 'normalised values are fractions'}


def registered(registry: Registry, module: str) -> list[str]:
    """Names of what a package of mmlite registers."""
    registry.import_from_location()
    found = registry.module_dict.items()
    return sorted(name for name, part in found if part.__module__.startswith(module))


def names_of(kind: str, promise: str = '') -> list[str]:
    """Names of the parts of one kind, e.g. ``'backbones'``, that keep a promise."""
    if kind in ('transforms', 'batch_transforms'):
        names = registered(TRANSFORMS, 'mmlite.datasets.transforms')
        for_batches = kind == 'batch_transforms'
        return [n for n in names if n.startswith('Batch') == for_batches]
    names = registered(MODELS, f'mmlite.models.{kind}')
    return [n for n in names if not promise or promise_of(n) == promise]


def promise_of(name: str) -> str | None:
    """What the class of a part states as its promise."""
    return getattr(MODELS.get(name), 'promise', None)


def arguments_of(name: str, table: dict[str, Any], called: str) -> Any:
    """The entry of a part, or a failure that says what to add."""
    if name not in table:
        pytest.fail(
            f'{name} has no entry; add small arguments for it to {called} in '
            'tests/contracts/tiny.py'
        )
    return table[name]


def backbone_cfg(name: str, **changes: Any) -> dict[str, Any]:
    """Config of a small backbone."""
    return dict(type=name, **{**arguments_of(name, BACKBONES, 'BACKBONES'), **changes})


def image_shape(name: str) -> Sequence[int]:
    """Shape ``(C, H, W)`` of an image for a backbone."""
    return IMAGES.get(name, IMAGE)


# Schedulers by the name without LR, Momentum or ParamScheduler: two epochs long.
SCHEDULERS = {
    'Constant': dict(factor=0.5, end=1),
    'CosineAnnealing': dict(T_max=2, eta_min=0.01),
    'CosineRestart': dict(periods=[1, 1], restart_weights=[1, 0.5], eta_min=0.01),
    'Exponential': dict(gamma=0.5),
    'Linear': dict(start_factor=0.2, end=2),
    'MultiStep': dict(milestones=[1], gamma=0.1),
    'OneCycle': dict(eta_max=0.3, total_steps=8),
    'Poly': dict(eta_min=0.01, end=2),
    'ReduceOnPlateau': dict(monitor='toy/count', rule='greater', patience=0),
    'Step': dict(step_size=1, gamma=0.5),
    'Triangular': dict(start_factor=0.2, end=2),
}

# Optimizers with settings that a tiny network learns with.
OPTIMIZERS = {
    'ASGD': dict(lr=0.05),
    'Adadelta': dict(lr=1.0),
    'Adafactor': dict(lr=0.05),
    'Adagrad': dict(lr=0.05),
    'Adam': dict(lr=0.01, amsgrad=True),
    'AdamW': dict(lr=0.01, weight_decay=0.1),
    'Adamax': dict(lr=0.01),
    'Adan': dict(lr=0.01),
    'LARS': dict(lr=0.1, momentum=0.9),
    'Lamb': dict(lr=0.01),
    'Muon': dict(lr=0.02),
    'NAdam': dict(lr=0.01),
    'RAdam': dict(lr=0.01),
    'RMSprop': dict(lr=0.01, momentum=0.9, centered=True),
    'Rprop': dict(lr=0.01),
    'SGD': dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    'TorchAdafactor': dict(lr=0.05),
}

# Optimizers that no loop of ours can train with, each with the reason.
NO_TRAINING = {
    'LBFGS': 'asks for the loss several times a step',
    'Optimizer': 'is the base of the others',
    'SparseAdam': 'takes sparse gradients only',
    'ZeroRedundancyOptimizer': 'shares its state among several processes',
}
