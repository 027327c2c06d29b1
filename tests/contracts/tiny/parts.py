"""Small arguments for necks, heads and losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


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

CROSS_ENTROPY = dict(type='CrossEntropyLoss')

MLP = dict(
    type='MoCoV2Neck',
    in_channels=8,
    hid_channels=6,
    out_channels=8,
    with_avg_pool=False,
)

_SWAV_LOSS = dict(feat_dim=8, num_crops=[2, 1], num_prototypes=5)

COSINE = dict(type='CosineSimilarityLoss')

PRETRAIN_HEADS: dict[str, HeadCase] = {
    'BEiTV1Head': HeadCase(
        dict(embed_dims=8, num_embed=5, loss=CROSS_ENTROPY),
        [(2, 5, 8), (2, 5, 2, 2), (2, 2, 2)],
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
    'ContrastiveHead': HeadCase(dict(loss=CROSS_ENTROPY), [(4, 1), (4, 7)]),
    'LatentCrossCorrelationHead': HeadCase(
        dict(in_channels=8, loss=dict(type='CrossCorrelationLoss')), [(4, 8), (4, 8)]
    ),
    'LatentPredictHead': HeadCase(dict(loss=COSINE, predictor=MLP), [(4, 8), (4, 8)]),
    'MoCoV3Head': HeadCase(dict(loss=CROSS_ENTROPY, predictor=MLP), [(4, 8), (4, 8)]),
    'SwAVHead': HeadCase(dict(loss=dict(_SWAV_LOSS, type='SwAVLoss')), [(12, 8)]),
}

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
