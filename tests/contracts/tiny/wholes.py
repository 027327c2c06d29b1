"""Small arguments for whole models: their parts come from the modules beside."""

from __future__ import annotations

from typing import Any

import torch
from contracts.tiny.gait import GAIT_BASE, GAIT_LOSSES
from contracts.tiny.names import registered
from contracts.tiny.parts import ANCHOR_HEADS, ROI_HEADS
from contracts.tiny.selfsup import CONTRASTIVE, MASKED_WHOLES
from contracts.tiny.stereo import STEREO

from mmlite.models import BaseModel
from mmlite.registry import MODELS

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
    **MASKED_WHOLES,
}

#: Wholes of packages that are optional.
OF_OTHERS = ('HuggingFaceClassifier', 'TimmClassifier')


def whole_names() -> list[str]:
    """The names of the wholes of this package, without those of optional packages."""
    return [
        name
        for name in registered(MODELS, 'mmlite.models')
        if name not in OF_OTHERS
        and isinstance(MODELS.get(name), type)
        and issubclass(MODELS.get(name), BaseModel)
    ]
