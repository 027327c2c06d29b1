"""GaitSet: a walk as a set of silhouettes."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from ...registry import MODELS
from ..joining import build_part
from ..layers import BareConv2d, PackSequenceWrapper, SetBlockWrapper
from ..model_cfg import ModelCfg
from ..necks import HorizontalPoolingPyramid
from .base import BaseModel, as_pictures, as_volumes

__all__ = ['GaitSet']


def _block(in_channels: int, out_channels: int, first: int = 3) -> nn.Sequential:
    return nn.Sequential(
        BareConv2d(in_channels, out_channels, first, padding=first // 2),
        nn.LeakyReLU(inplace=True),
        BareConv2d(out_channels, out_channels, 3, padding=1),
        nn.LeakyReLU(inplace=True),
    )


@MODELS.register_module()
class GaitSet(BaseModel):
    """Frames in no order, pooled at three depths, and a second branch that joins them.

    Paper: GaitSet: Regarding Gait as a Set for Cross-View Gait Recognition, AAAI 2019,
    https://arxiv.org/abs/1811.06186; the settings are OpenGait's.

    Args:
        in_channels: Channels of the frames, and the widths of the three blocks.
        SeparateFCs: Arguments of :class:`~mmlite.models.layers.SeparateFCs`.
        bin_num: Numbers of horizontal strips; each counts for both branches.
        kwargs: See :class:`~mmlite.models.gait.BaseModel`.

    Shape:
        inputs: ``(B, S, H, W)`` or ``(B, S, C, H, W)``.
        pred_embedding: ``(D, P)`` of a sample.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='GaitSet', in_channels=[1, 4, 6, 8], bin_num=[2, 1],
        ...     SeparateFCs=dict(in_channels=8, out_channels=5, parts_num=6))).eval()
        >>> model.predict(torch.zeros(2, 3, 64, 44))[0].pred_embedding.shape
        torch.Size([5, 6])
    """

    def build_network(self, model_cfg: ModelCfg) -> None:
        """Three blocks of frames, two of the set, and the layer of parts."""
        widths = model_cfg['in_channels']
        first, second = _block(widths[0], widths[1], 5), _block(widths[1], widths[2])
        third = _block(widths[2], widths[3])
        pool = nn.MaxPool2d(2, 2)
        second.append(pool)
        first.append(pool)
        self.set_block1 = SetBlockWrapper(first)
        self.set_block2 = SetBlockWrapper(second)
        self.set_block3 = SetBlockWrapper(third)
        self.gl_block2 = copy.deepcopy(second)
        self.gl_block3 = copy.deepcopy(third)
        self.set_pooling = PackSequenceWrapper(torch.max)
        fcs = dict(model_cfg['SeparateFCs'])
        self.Head = build_part('SeparateFCs', dict(fcs, type='SeparateFCs'))
        self.HPP = HorizontalPoolingPyramid(model_cfg.get('bin_num', [16, 8, 4, 2, 1]))

    def forward(self, inputs: tuple) -> dict[str, Any]:
        """Embeddings; see :class:`BaseModel` for the inputs."""
        (sils, *_), labs, _typs, _vies, seqL = inputs  # noqa: N806

        def pooled(frames: Tensor) -> Tensor:
            return self.set_pooling(frames, seqL, options=dict(dim=2))[0]

        volumes = as_volumes(sils)
        outs = self.set_block1(volumes)
        whole = self.gl_block2(pooled(outs))
        outs = self.set_block2(outs)
        whole = self.gl_block3(whole + pooled(outs))
        outs = pooled(self.set_block3(outs))
        whole = whole + outs
        embed = self.Head(torch.cat([self.HPP(outs), self.HPP(whole)], dim=2))
        return dict(
            training_feat=dict(triplet=dict(embeddings=embed, labels=labs)),
            visual_summary={'image/sils': as_pictures(volumes)},
            inference_feat=dict(embeddings=embed),
        )
