"""GaitPart: each part of the body on its own, over short pieces of time."""

from __future__ import annotations

from typing import Any

from ...registry import MODELS
from ..joining import build_part
from ..layers import (
    PackSequenceWrapper,
    SetBlockWrapper,
    TemporalFeatureAggregator,
)
from ..model_cfg import ModelCfg
from ..necks import HorizontalPoolingPyramid
from .base import BaseModel, as_pictures, as_volumes, check_width

__all__ = ['GaitPart']


@MODELS.register_module()
class GaitPart(BaseModel):
    """Focal convolutions of each frame, and micro-motions of each part.

    Paper: GaitPart: Temporal Part-based Model for Gait Recognition, CVPR 2020,
    https://openaccess.thecvf.com/content_CVPR_2020/html/Fan_GaitPart_Temporal_Part-Based_Model_for_Gait_Recognition_CVPR_2020_paper.html;
    the settings are OpenGait's.

    Args:
        backbone_cfg: Config of the backbone, e.g. ``dict(type='Plain', ...)``.
        SeparateFCs: Arguments of :class:`~mmlite.models.layers.SeparateFCs`.
        bin_num: Numbers of horizontal strips.
        kwargs: See :class:`~mmlite.models.gait.BaseModel`.

    Shape:
        inputs: ``(B, S, H, W)`` or ``(B, S, C, H, W)``.
        pred_embedding: ``(D, P)`` of a sample.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='GaitPart', backbone_cfg=dict(type='Plain', layers_cfg=['BC-8']),
        ...     bin_num=[4],
        ...     SeparateFCs=dict(in_channels=8, out_channels=5, parts_num=4))).eval()
        >>> model.predict(torch.zeros(2, 3, 64, 44))[0].pred_embedding.shape
        torch.Size([5, 4])
    """

    def build_network(self, model_cfg: ModelCfg) -> None:
        """The backbone, the layers of parts, and those of time."""
        backbone = self.get_backbone(model_cfg['backbone_cfg'])
        self.Backbone = SetBlockWrapper(backbone)
        fcs = dict(model_cfg['SeparateFCs'])
        self.Head = build_part('SeparateFCs', dict(fcs, type='SeparateFCs'))
        check_width('SeparateFCs', self.Head.in_channels, backbone)
        self.HPP = SetBlockWrapper(
            HorizontalPoolingPyramid(model_cfg.get('bin_num', [16]))
        )
        self.TFA = PackSequenceWrapper(
            TemporalFeatureAggregator(
                self.Head.in_channels, parts_num=self.Head.parts_num
            )
        )

    def forward(self, inputs: tuple) -> dict[str, Any]:
        """Embeddings; see :class:`BaseModel` for the inputs."""
        (sils, *_), labs, _typs, _vies, seqL = inputs  # noqa: N806
        volumes = as_volumes(sils)
        outs = self.TFA(self.HPP(self.Backbone(volumes)), seqL)
        embed = self.Head(outs)
        return dict(
            training_feat=dict(triplet=dict(embeddings=embed, labels=labs)),
            visual_summary={'image/sils': as_pictures(volumes)},
            inference_feat=dict(embeddings=embed),
        )
