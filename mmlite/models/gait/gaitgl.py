"""GaitGL: convolutions of whole bodies and of strips, over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ...registry import MODELS
from ..layers import (
    BareConv3d,
    GLConv,
    PackSequenceWrapper,
    SeparateBNNecks,
    SeparateFCs,
    lengths_of,
)
from ..model_cfg import ModelCfg
from ..necks import GeMHPP
from .base import BaseModel, as_pictures, as_volumes, settings_of

__all__ = ['GaitGL']

_PARTS = 64


@MODELS.register_module()
class GaitGL(BaseModel):
    """Global and local 3-D convolutions, with time shortened by three.

    Paper: Gait Recognition via Effective Global-Local Feature Representation and Local
    Temporal Aggregation, ICCV 2021, https://arxiv.org/abs/2011.01461; the settings are
    OpenGait's. Three widths make the network of CASIA-B, four the larger one of OUMVLP
    and GREW. Sequences of several lengths are computed one by one, so that none looks
    at another; one of one or two frames is repeated to three or four.

    Args:
        channels: Three widths or four.
        class_num: Number of classes ``K``.
        SeparateBNNecks: Arguments of :class:`~mmlite.models.layers.SeparateBNNecks`,
            which then take the place of one norm for all parts.
        kwargs: See :class:`~mmlite.models.gait.BaseModel`.

    Shape:
        inputs: ``(B, S, 64, W)``.
        pred_embedding: ``(D, 64)`` of a sample.

    Example:
        >>> model = MODELS.build(
        ...     dict(type='GaitGL', channels=[2, 4, 6], class_num=5)).eval()
        >>> model.predict(torch.zeros(1, 3, 64, 44))[0].pred_embedding.shape
        torch.Size([6, 64])
    """

    class_counts: ClassVar[tuple[str, ...]] = ('class_num',)

    def build_network(self, model_cfg: ModelCfg) -> None:
        """The convolutions, the pooling and the layers of parts."""
        widths, class_num = model_cfg['channels'], model_cfg['class_num']
        if len(widths) not in (3, 4):
            raise ValueError(
                f'channels must have three widths or four, got {list(widths)}'
            )
        self.class_num = class_num
        first = widths[0]
        layers: list[nn.Module] = [BareConv3d(1, first), _leaky()]
        if len(widths) == 4:
            layers += [BareConv3d(first, first), _leaky()]
        self.conv3d = nn.Sequential(*layers)
        steps = dict(kernel_size=(3, 1, 1), stride=(3, 1, 1), padding=(0, 0, 0))
        self.LTA = nn.Sequential(BareConv3d(first, first, **steps), _leaky())
        self._build_stages(widths)
        self.MaxPool0 = nn.MaxPool3d((1, 2, 2), (1, 2, 2))
        self.TP = PackSequenceWrapper(torch.max)
        self.HPP = GeMHPP([_PARTS])
        last = widths[-1]
        self.Head0 = SeparateFCs(_PARTS, last, last)
        if 'SeparateBNNecks' in model_cfg:
            settings = settings_of(
                model_cfg, 'SeparateBNNecks', parts_num=_PARTS, in_channels=last
            )
            self.BNNecks = SeparateBNNecks(**settings)
        else:
            self.Bn = nn.BatchNorm1d(last)
            self.Head1 = SeparateFCs(_PARTS, last, class_num)

    def _build_stages(self, widths: Sequence[int]) -> None:
        if len(widths) == 3:
            first, second, third = widths
            self.GLConvA0 = GLConv(first, second, halving=3)
            self.GLConvA1 = GLConv(second, third, halving=3)
            self.GLConvB2 = GLConv(third, third, halving=3, fm_sign=True)
            return
        for name, i in (('GLConvA0', 0), ('GLConvA1', 1), ('GLConvB2', 2)):
            stage = nn.Sequential(
                GLConv(widths[i], widths[i + 1], halving=1),
                GLConv(widths[i + 1], widths[i + 1], halving=1, fm_sign=i == 2),
            )
            self.add_module(name, stage)

    def _pooled(self, volumes: Tensor) -> Tensor:
        """From sequences of one length to parts, ``(B, C, 64)``."""
        frames = volumes.size(2)
        if frames < 3:
            volumes = volumes.repeat(1, 1, 3 if frames == 1 else 2, 1, 1)
        outs = self.LTA(self.conv3d(volumes))
        outs = self.MaxPool0(self.GLConvA0(outs))
        outs = self.GLConvB2(self.GLConvA1(outs))
        return self.HPP(self.TP(outs, options=dict(dim=2))[0])

    def forward(self, inputs: tuple) -> dict[str, Any]:
        """Embeddings and logits; see :class:`BaseModel` for the inputs."""
        (sils, *_), labs, _typs, _vies, seqL = inputs  # noqa: N806
        volumes = as_volumes(sils)
        sizes = lengths_of(seqL)
        if sizes is None:
            outs = self._pooled(volumes)
        else:
            outs = torch.cat([self._pooled(x) for x in volumes.split(sizes, dim=2)])
        embed = self.Head0(outs)
        if hasattr(self, 'BNNecks'):
            _, logits = self.BNNecks(embed)
        else:
            embed = self.Bn(embed)
            logits = self.Head1(embed)
        return dict(
            training_feat=dict(
                triplet=dict(embeddings=embed, labels=labs),
                softmax=dict(logits=logits, labels=labs),
            ),
            visual_summary={'image/sils': as_pictures(volumes)},
            inference_feat=dict(embeddings=embed),
        )


def _leaky() -> nn.LeakyReLU:
    return nn.LeakyReLU(inplace=True)
