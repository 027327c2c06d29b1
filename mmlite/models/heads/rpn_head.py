"""The region proposal network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from ...ops import (
    ABSENT,
    batched_nms,
    clip_boxes,
    large_enough,
    static_nms,
    static_topk,
)
from ...registry import MODELS
from ...structures import Objects
from ..layers import ConvModule
from .chosen import sampled
from .dense_head import build_module, build_util, filled, flat_maps, map_sizes

__all__ = ['RPNHead']

ANCHORS = dict(type='AnchorGenerator', sizes=[[32], [64], [128], [256], [512]])
CODER = dict(type='BoxCoder')
ASSIGNER = dict(
    type='TargetAssigner',
    matcher=dict(
        type='ArgMaxMatcher',
        matched_threshold=0.7,
        unmatched_threshold=0.3,
        allow_low_quality_matches=True,
    ),
)
SAMPLER = dict(type='BalancedSampler', batch_size=256, positive_fraction=0.5)
SMOOTH_L1 = dict(type='SmoothL1Loss', beta=1 / 9)
RELU = dict(type='ReLU')
NORMAL = dict(type='Normal', layer='Conv2d', std=0.01)


@MODELS.register_module()
class RPNHead(BaseModule):
    """Predict for every anchor whether it contains an object, and the box of that.

    Paper: Faster R-CNN, NIPS 2015, https://arxiv.org/abs/1506.01497; the defaults are
    those of torchvision's ``fasterrcnn_resnet50_fpn``. Names are those of mmdetection.

    Args:
        in_channels: Channels of the maps.
        feat_channels: Width of the convolutions; ``None`` is ``in_channels``.
        num_convs: Number of 3x3 convolutions.
        act_cfg: Config of the activations.
        anchor_generator: Config of the anchors.
        bbox_coder: Config of the box coder.
        assigner: Config of the target assigner.
        sampler: Config of the sampler of anchors.
        loss_bbox: Config of the loss of the boxes.
        loss_weights: Factors on the loss of the classes and on that of the boxes.
        use_sigmoid: Whether an anchor has one score, with a sigmoid; False gives it
            two, for background and object, with a softmax, as in TensorFlow.
        train_cfg: What is changed of ``nms_pre=2000``, how many of the best proposals
            of each map go into the suppression; ``max_per_img=2000``, how many are
            left; ``iou_threshold=0.7``; and ``min_size=1e-3``, the least edge in
            pixels.
        test_cfg: The same in evaluation, with ``nms_pre=1000`` and
            ``max_per_img=1000``.
        init_cfg: Config of the initialisation.

    Shape:
        feats: ``(B, in_channels, H, W)`` each.
        returns: logits ``(B, A)`` and encoded boxes ``(B, A, 4)``.

    Example:
        >>> anchors = dict(type='AnchorGenerator', sizes=[[8]])
        >>> head = RPNHead(8, anchor_generator=anchors)
        >>> [tuple(out.shape) for out in head([torch.zeros(1, 8, 2, 2)])]
        [(1, 12), (1, 12, 4)]
    """

    promise: ClassVar[str] = 'AnchorHead'
    default_train_cfg: ClassVar[dict[str, Any]] = dict(
        nms_pre=2000, max_per_img=2000, iou_threshold=0.7, min_size=1e-3
    )
    default_test_cfg: ClassVar[dict[str, Any]] = dict(
        default_train_cfg, nms_pre=1000, max_per_img=1000
    )

    def __init__(
        self,
        in_channels: int = 256,
        feat_channels: int | None = None,
        num_convs: int = 1,
        act_cfg: dict = RELU,
        anchor_generator: dict | Callable = ANCHORS,
        bbox_coder: dict | Any = CODER,
        assigner: dict | Any = ASSIGNER,
        sampler: dict | Callable = SAMPLER,
        loss_bbox: dict | nn.Module = SMOOTH_L1,
        loss_weights: Sequence[float] = (1.0, 1.0),
        use_sigmoid: bool = True,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | list | None = NORMAL,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = in_channels
        self.anchor_generator = build_util('anchor_generator', anchor_generator)
        self.bbox_coder = build_util('bbox_coder', bbox_coder)
        self.assigner = build_util('assigner', assigner)
        self.sampler = build_util('sampler', sampler)
        self.loss_bbox = build_module('loss_bbox', loss_bbox)
        self.loss_weights = tuple(loss_weights)
        self.use_sigmoid = use_sigmoid
        self.train_cfg = filled('train_cfg', self.default_train_cfg, train_cfg)
        self.test_cfg = filled('test_cfg', self.default_test_cfg, test_cfg)
        counts = set(self.anchor_generator.num_base_anchors)
        if len(counts) > 1:
            raise ValueError(
                'all maps share the convolutions of RPNHead, so their places have the '
                f'same number of anchors; got {self.anchor_generator.num_base_anchors}'
            )
        (count,) = counts
        width = feat_channels or in_channels
        widths = [in_channels, *[width] * num_convs]
        self.rpn_convs = nn.Sequential(
            *(
                ConvModule(*pair, 3, padding=1, act_cfg=act_cfg)
                for pair in zip(widths, widths[1:], strict=False)
            )
        )
        self.rpn_cls = nn.Conv2d(width, count * (1 if use_sigmoid else 2), 1)
        self.rpn_reg = nn.Conv2d(width, count * 4, 1)

    def forward(self, feats: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Logits of an object against background, and encoded boxes."""
        hidden = [self.rpn_convs(feat) for feat in feats]
        boxes = flat_maps([self.rpn_reg(x) for x in hidden], 4)
        maps = [self.rpn_cls(x) for x in hidden]
        if self.use_sigmoid:
            return flat_maps(maps, 1).squeeze(-1), boxes
        background, found = flat_maps(maps, 2).unbind(-1)
        return found - background, boxes

    def anchors(
        self, feats: Sequence[Tensor], image_size: tuple[int, int]
    ) -> list[Tensor]:
        """The anchors of each map, in pixels of the image."""
        return self.anchor_generator(map_sizes(feats), image_size, feats[0].device)

    def loss(
        self,
        logits: Tensor,
        deltas: Tensor,
        anchors: Sequence[Tensor],
        objects: Sequence[Objects],
    ) -> dict[str, Tensor]:
        """The losses of a batch.

        Args:
            logits: As :meth:`forward` gives it.
            deltas: As :meth:`forward` gives it.
            anchors: The anchors of each map.
            objects: The ground truth of each image.

        Returns:
            ``loss_rpn_cls`` and ``loss_rpn_bbox``.
        """
        places, found, located, wanted, counts = [], [], [], [], []
        boxes = torch.cat(list(anchors))
        targets = [
            self.assigner.assign(boxes, o.boxes, o.labels, o.weights, o.ignored)
            for o in objects
        ]
        drawn = sampled(self.sampler, [target.matches for target in targets])
        for i, (o, target) in enumerate(zip(objects, targets, strict=True)):
            positive, negative = drawn[i]
            chosen = torch.cat([positive, negative])
            places.append(logits[i, chosen].float())
            weights = target.weights[chosen]
            found.append((target.matches[chosen] >= 0, weights))
            located.append(deltas[i, positive].float())
            gt_boxes = o.boxes[target.matches[positive]]
            wanted.append(self.bbox_coder.encode(boxes[positive], gt_boxes))
            counts.append(target.weights[positive])
        count = max(sum(len(p) for p in places), 1)
        is_object = torch.cat([f for f, _ in found]).float()
        weight = torch.cat([w for _, w in found])
        cls_loss = F.binary_cross_entropy_with_logits(
            torch.cat(places), is_object, weight, reduction='sum'
        )
        box_loss = self.loss_bbox(
            torch.cat(located),
            torch.cat(wanted),
            weight=torch.cat(counts),
            reduction_override='sum',
        )
        cls_weight, box_weight = self.loss_weights
        # Without an anchor that counts it is 0, but reaches every weight.
        nothing = 0 * (logits.sum() + deltas.sum())
        return dict(
            loss_rpn_cls=cls_weight * cls_loss / count + nothing,
            loss_rpn_bbox=box_weight * box_loss / count,
        )

    @torch.no_grad()
    def predict(
        self,
        logits: Tensor,
        deltas: Tensor,
        anchors: Sequence[Tensor],
        sizes: Sequence[tuple[int, int]],
    ) -> list[tuple[Tensor, Tensor]]:
        """The proposals of each image, the best first.

        Args:
            logits: As :meth:`forward` gives it.
            deltas: As :meth:`forward` gives it.
            anchors: The anchors of each map.
            sizes: Height and width of each image without its padding.

        Returns:
            Boxes ``(P, 4)`` in pixels and scores ``(P, )``.
        """
        cfg = self.train_cfg if self.training else self.test_cfg
        lengths = [len(level) for level in anchors]
        starts = [sum(lengths[:i]) for i in range(len(lengths))]
        boxes = torch.cat(list(anchors))
        level_of = torch.cat(
            [boxes.new_full((n,), i, dtype=torch.int64) for i, n in enumerate(lengths)]
        )
        found = []
        for own, delta, size in zip(logits, deltas, sizes, strict=True):
            best = [
                start + level.topk(min(cfg['nms_pre'], len(level))).indices
                for start, level in zip(starts, own.split(lengths), strict=True)
            ]
            places = torch.cat(best)
            proposals = self.bbox_coder.decode(boxes[places], delta[places].float())
            proposals = clip_boxes(proposals, size)
            large = large_enough(proposals, cfg['min_size']).nonzero().squeeze(1)
            places, proposals = places[large], proposals[large]
            scores = own[places].float().sigmoid()
            kept = batched_nms(
                proposals,
                scores,
                level_of[places],
                cfg['iou_threshold'],
                cfg['max_per_img'],
            )
            found.append((proposals[kept], scores[kept]))
        return found

    def predict_static(
        self,
        logits: Tensor,
        deltas: Tensor,
        anchors: Sequence[Tensor],
        size: tuple[int, int],
    ) -> tuple[Tensor, Tensor]:
        """:meth:`predict` with outputs of a fixed size, for an exported model.

        Args:
            logits: As :meth:`forward` gives it.
            deltas: As :meth:`forward` gives it.
            anchors: The anchors of each map.
            size: Height and width of all images without their padding.

        Returns:
            Boxes ``(B, P, 4)`` in pixels and scores ``(B, P)``; see
            :func:`~mmlite.ops.static_nms`.
        """
        cfg = self.test_cfg
        lengths = [len(level) for level in anchors]
        boxes, scores = [], []
        for i, (own, delta, level) in enumerate(
            zip(
                logits.split(lengths, dim=1),
                deltas.split(lengths, dim=1),
                anchors,
                strict=True,
            )
        ):
            values, places = static_topk(own, min(cfg['nms_pre'], len(level)))
            chosen = delta.gather(1, places.unsqueeze(-1).expand(-1, -1, 4))
            found = clip_boxes(self.bbox_coder.decode(level[places], chosen), size)
            large = large_enough(found, cfg['min_size'])
            values = values.sigmoid()
            values = torch.where(large, values, torch.full_like(values, ABSENT))
            # Boxes of a map suppress each other: maps are as classes.
            rows = [torch.full_like(values, ABSENT)] * len(anchors)
            rows[i] = values
            boxes.append(found)
            scores.append(torch.stack(rows, dim=1))
        found, values, _ = static_nms(
            torch.cat(boxes, dim=1),
            torch.cat(scores, dim=2),
            cfg['iou_threshold'],
            cfg['max_per_img'],
        )
        return found, values
