"""DeepGaitV2: deep residual networks of frames, with or without time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import nn

from ...errors import check_choice, did_you_mean
from ...registry import MODELS
from ..layers import (
    BasicBlock,
    BasicBlock3D,
    BasicBlockP3D,
    PackSequenceWrapper,
    ResLayer,
    SeparateBNNecks,
    SeparateFCs,
    SetBlockWrapper,
)
from ..model_cfg import ModelCfg
from ..necks import HorizontalPoolingPyramid
from .base import BaseModel, as_pictures, as_volumes, settings_of

__all__ = ['DeepGaitV2', 'SkeletonGait']

_PARTS = 16
_TEMPORAL = {'p3d': BasicBlockP3D, '3d': BasicBlock3D}
_STRIDES = (1, 2, 2, 1)


@MODELS.register_module()
class DeepGaitV2(BaseModel):
    """A residual network of frames whose blocks may look at neighbouring frames.

    Paper: Exploring Deep Models for Practical Gait Recognition,
    https://arxiv.org/abs/2303.03301; the settings are OpenGait's. Where blocks look at
    several frames, they never look at two sequences.

    Args:
        Backbone: ``dict(mode='2d' | 'p3d' | '3d', in_channels=1, layers=[1, 1, 1, 1],
            channels=[64, 128, 256, 512])``.
        SeparateBNNecks: Arguments of :class:`~mmlite.models.layers.SeparateBNNecks`;
            ``class_num`` is enough.
        use_emb2: Whether the embedding is the normalised feature after the norm,
            as some published checkpoints expect, rather than the one before.
        kwargs: See :class:`~mmlite.models.gait.BaseModel`.

    Shape:
        inputs: ``(B, S, H, W)`` or ``(B, S, C, H, W)``.
        pred_embedding: ``(D, 16)`` of a sample.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='DeepGaitV2', SeparateBNNecks=dict(class_num=5),
        ...     Backbone=dict(mode='p3d', channels=[2, 4, 6, 8]))).eval()
        >>> model.predict(torch.zeros(2, 3, 64, 44))[0].pred_embedding.shape
        torch.Size([6, 16])
    """

    default_in_channels: ClassVar[int] = 1

    class_counts: ClassVar[tuple[str, ...]] = ('SeparateBNNecks.class_num',)

    def build_network(self, model_cfg: ModelCfg) -> None:
        """The blocks, the pooling and the layers of parts."""
        backbone = _checked(
            settings_of(
                model_cfg,
                'Backbone',
                mode='p3d',
                in_channels=self.default_in_channels,
                layers=[1, 1, 1, 1],
                channels=[64, 128, 256, 512],
            )
        )
        widths = backbone['channels']
        self.mode = backbone['mode']
        self.layer0 = SetBlockWrapper(
            nn.Sequential(
                nn.Conv2d(backbone['in_channels'], widths[0], 3, 1, 1, bias=False),
                nn.BatchNorm2d(widths[0]),
                nn.ReLU(inplace=True),
            )
        )
        last = widths[0]
        stages = zip(widths, backbone['layers'], _STRIDES, strict=True)
        for number, (width, blocks, stride) in enumerate(stages):
            stage = self._stage(number, last, width, blocks, stride)
            self.add_module(f'layer{number + 1}', stage)
            last = width
        self.FCs = SeparateFCs(_PARTS, widths[3], widths[2])
        settings = settings_of(
            model_cfg, 'SeparateBNNecks', parts_num=_PARTS, in_channels=widths[2]
        )
        self.BNNecks = SeparateBNNecks(**settings)
        self.class_num = self.BNNecks.class_num
        self.use_emb2 = model_cfg.get('use_emb2', False)
        self.TP = PackSequenceWrapper(torch.max)
        self.HPP = HorizontalPoolingPyramid([_PARTS])

    def _stage(
        self, number: int, width: int, out: int, blocks: int, stride: int
    ) -> nn.Module:
        if number == 0 or self.mode == '2d':
            stage = ResLayer(BasicBlock, blocks, width, out, stride=stride)
            return SetBlockWrapper(stage)
        block = _TEMPORAL[self.mode]
        first = block(width, out, stride)
        return nn.Sequential(first, *(block(out, out) for _ in range(blocks - 1)))

    def forward(self, inputs: tuple) -> dict[str, Any]:
        """Embeddings and logits; see :class:`BaseModel` for the inputs."""
        (sils, *_), labs, _typs, _vies, seqL = inputs  # noqa: N806
        volumes = as_volumes(sils)
        outs = self.layer1(self.layer0(volumes))
        for stage in (self.layer2, self.layer3, self.layer4):
            if isinstance(stage, SetBlockWrapper):
                outs = stage(outs)
                continue
            for block in stage:
                outs = block(outs, seqL)
        outs = self.TP(outs, seqL, options=dict(dim=2))[0]
        embed = self.FCs(self.HPP(outs))
        normed, logits = self.BNNecks(embed)
        return dict(
            training_feat=dict(
                triplet=dict(embeddings=embed, labels=labs),
                softmax=dict(logits=logits, labels=labs),
            ),
            visual_summary={'image/sils': as_pictures(volumes)},
            inference_feat=dict(embeddings=normed if self.use_emb2 else embed),
        )


@MODELS.register_module()
class SkeletonGait(DeepGaitV2):
    """DeepGaitV2 on heat maps of joints and limbs in place of silhouettes.

    Paper: SkeletonGait: Gait Recognition Using Skeleton Maps, AAAI 2024,
    https://arxiv.org/abs/2311.13444

    Args:
        kwargs: See :class:`DeepGaitV2`; the frames have two channels.

    Shape:
        inputs: ``(B, S, 2, H, W)``.
        pred_embedding: ``(D, 16)`` of a sample.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='SkeletonGait', SeparateBNNecks=dict(class_num=5),
        ...     Backbone=dict(mode='2d', channels=[2, 4, 6, 8]))).eval()
        >>> model.predict(torch.zeros(1, 3, 2, 64, 44))[0].pred_embedding.shape
        torch.Size([6, 16])
    """

    default_in_channels = 2


def _checked(backbone: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of the backbone, if they are ones."""
    known = ('mode', 'in_channels', 'layers', 'channels')
    for key in backbone:
        if key not in known:
            raise ValueError(f'Backbone has no {key!r}{did_you_mean(key, known)}')
    check_choice(('2d', 'p3d', '3d'), **{'Backbone.mode': backbone['mode']})
    for key in ('layers', 'channels'):
        if len(backbone[key]) != 4:
            raise ValueError(
                f'Backbone.{key} has one entry for each of 4 stages, got '
                f'{list(backbone[key])}'
            )
    return backbone
