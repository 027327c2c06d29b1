"""GaitBase: a residual network, set pooling and parts."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from ...registry import MODELS
from ..joining import build_part
from ..layers import PackSequenceWrapper, SetBlockWrapper
from ..model_cfg import ModelCfg
from ..necks import HorizontalPoolingPyramid
from .base import BaseModel, as_pictures, as_volumes, check_width

__all__ = ['GaitBase']


@MODELS.register_module(name=['GaitBase', 'Baseline'])
class GaitBase(BaseModel):
    """A network of images on each frame, the maximum over time, and parts.

    Paper: OpenGait: Revisiting Gait Recognition Toward Better Practicality, CVPR 2023,
    https://arxiv.org/abs/2211.06597

    The settings are those of OpenGait's ``Baseline``, which is another name of it. Any
    backbone can be named; its last feature map is taken.

    Args:
        backbone_cfg: Config of the backbone, e.g. ``dict(type='ResNet9')``.
        SeparateFCs: Arguments of :class:`~mmlite.models.layers.SeparateFCs`.
        SeparateBNNecks: Arguments of :class:`~mmlite.models.layers.SeparateBNNecks`.
        bin_num: Numbers of horizontal strips.
        kwargs: See :class:`~mmlite.models.gait.BaseModel`.

    Shape:
        inputs: ``(B, S, H, W)`` or ``(B, S, C, H, W)``.
        pred_embedding: ``(D, P)`` of a sample.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='GaitBase',
        ...     backbone_cfg=dict(type='ResNet9', channels=[4, 8], layers=[1, 1],
        ...                       strides=[1, 2]),
        ...     SeparateFCs=dict(in_channels=8, out_channels=6, parts_num=4),
        ...     SeparateBNNecks=dict(class_num=5, in_channels=6, parts_num=4),
        ...     bin_num=[4])).eval()
        >>> model.predict(torch.zeros(2, 3, 64, 44))[0].pred_embedding.shape
        torch.Size([6, 4])
    """

    class_counts: ClassVar[tuple[str, ...]] = ('SeparateBNNecks.class_num',)

    def build_network(self, model_cfg: ModelCfg) -> None:
        """The backbone, the pooling, and the layers of parts."""
        backbone = self.get_backbone(model_cfg['backbone_cfg'])
        self.Backbone = SetBlockWrapper(backbone)
        fcs = dict(model_cfg['SeparateFCs'])
        necks = dict(model_cfg['SeparateBNNecks'])
        self.FCs = build_part('SeparateFCs', dict(fcs, type='SeparateFCs'))
        self.BNNecks = build_part(
            'SeparateBNNecks', dict(necks, type='SeparateBNNecks')
        )
        self.class_num = self.BNNecks.class_num
        check_width('SeparateFCs', self.FCs.in_channels, backbone)
        self.TP = PackSequenceWrapper(torch.max)
        self.HPP = HorizontalPoolingPyramid(model_cfg.get('bin_num', [16]))

    def forward(self, inputs: tuple) -> dict[str, Any]:
        """Embeddings and logits; see :class:`BaseModel` for the inputs."""
        (sils, *_), labs, _typs, _vies, seqL = inputs  # noqa: N806
        volumes = as_volumes(sils)
        outs = self.Backbone(volumes)
        outs = self.TP(outs, seqL, options=dict(dim=2))[0]
        embed = self.FCs(self.HPP(outs))
        _, logits = self.BNNecks(embed)
        return dict(
            training_feat=dict(
                triplet=dict(embeddings=embed, labels=labs),
                softmax=dict(logits=logits, labels=labs),
            ),
            visual_summary={'image/sils': as_pictures(volumes)},
            inference_feat=dict(embeddings=embed),
        )
