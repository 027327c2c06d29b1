"""The second stage of Faster R-CNN."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...ops import (
    ABSENT,
    clip_boxes,
    large_enough,
    multiclass_nms,
    static_nms,
    static_topk,
)
from ...registry import MODELS
from ...structures import Objects
from .chosen import mined, sampled
from .dense_head import Detections, build_module, build_util, filled

__all__ = ['RoIHead', 'RoITargets']

EXTRACTOR = dict(type='RoIAlignExtractor', num_levels=4)
CODER = dict(type='BoxCoder', weights=(10.0, 10.0, 5.0, 5.0))
ASSIGNER = dict(
    type='TargetAssigner', matcher=dict(type='ArgMaxMatcher', matched_threshold=0.5)
)
SAMPLER = dict(type='BalancedSampler', batch_size=512, positive_fraction=0.25)
CROSS_ENTROPY = dict(type='CrossEntropyLoss')
SMOOTH_L1 = dict(type='SmoothL1Loss', beta=1 / 9)


class RoITargets(NamedTuple):
    """What the proposals of one image should become.

    Args:
        labels: Class, or -1 for background, ``(P, )``.
        weights: Weight of each, ``(P, )``.
        boxes: The object's box, ``(P, 4)``; anything for background.
    """

    labels: Tensor
    weights: Tensor
    boxes: Tensor


@MODELS.register_module()
class RoIHead(BaseModule):
    """Crop the features of proposals, and classify and refine them.

    Paper: Faster R-CNN, NIPS 2015, https://arxiv.org/abs/1506.01497; the defaults are
    those of torchvision's ``fasterrcnn_resnet50_fpn``.

    Args:
        bbox_head: Config of the network, e.g. :class:`ConvFCBBoxHead`.
        roi_extractor: Config of what cuts features out.
        bbox_coder: Config of the box coder.
        assigner: Config of the target assigner.
        sampler: Config of the sampler of proposals.
        loss_cls: Config of the loss of the classes.
        loss_bbox: Config of the loss of the boxes.
        add_gt_as_proposals: Whether the boxes of the ground truth are proposals too, in
            training.
        miner: Config of a hard example miner, or None; with one, give the sampler a
            large ``batch_size``.
        test_cfg: What is changed of ``score_thr=0.05``, ``iou_threshold=0.5``,
            ``max_per_img=100``, ``nms_pre=None`` (all boxes go into the suppression)
            and ``min_size=1e-2``, in pixels.
        init_cfg: Config of the initialisation.

    Shape:
        feats: ``(B, C, H, W)`` each; proposals: ``(P_i, 4)`` in pixels for each image.

    Example:
        >>> head = RoIHead(
        ...     bbox_head=dict(type='ConvFCBBoxHead', num_classes=3, in_channels=8,
        ...                    roi_feat_size=2, fc_out_channels=16),
        ...     roi_extractor=dict(type='RoIAlignExtractor', output_size=2))
        >>> boxes = [torch.tensor([[0., 0., 8., 8.]])]
        >>> crops = head.roi_extractor([torch.zeros(1, 8, 4, 4)], boxes, (16, 16))
        >>> head(crops)[0].shape
        torch.Size([1, 4])
    """

    promise: ClassVar[str] = 'RoIHead'
    default_test_cfg: ClassVar[dict[str, Any]] = dict(
        score_thr=0.05, iou_threshold=0.5, max_per_img=100, nms_pre=None, min_size=1e-2
    )

    def __init__(
        self,
        bbox_head: dict | nn.Module,
        roi_extractor: dict | nn.Module = EXTRACTOR,
        bbox_coder: dict | Any = CODER,
        assigner: dict | Any = ASSIGNER,
        sampler: dict | Callable = SAMPLER,
        loss_cls: dict | nn.Module = CROSS_ENTROPY,
        loss_bbox: dict | nn.Module = SMOOTH_L1,
        add_gt_as_proposals: bool = True,
        miner: dict | Callable | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.roi_extractor = build_module('roi_extractor', roi_extractor)
        self.bbox_head = build_module('bbox_head', bbox_head)
        self.bbox_coder = build_util('bbox_coder', bbox_coder)
        self.assigner = build_util('assigner', assigner)
        self.sampler = build_util('sampler', sampler)
        self.miner = build_util('miner', miner)
        self.loss_cls = build_module('loss_cls', loss_cls)
        self.loss_bbox = build_module('loss_bbox', loss_bbox)
        self.add_gt_as_proposals = add_gt_as_proposals
        self.test_cfg = filled('test_cfg', self.default_test_cfg, test_cfg)

    @property
    def num_classes(self) -> int:
        """Number of classes ``K``, without background."""
        return self.bbox_head.num_classes

    @property
    def in_channels(self) -> int:
        """Channels of the features of a box."""
        return self.bbox_head.in_channels

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``(R, K + 1)``, background first, and encoded boxes ``(R, K, 4)``."""
        return self.bbox_head(crops)

    @torch.no_grad()
    def sample(
        self, proposals: Sequence[Tensor], objects: Sequence[Objects]
    ) -> tuple[list[Tensor], list[RoITargets]]:
        """The proposals that the loss looks at, and what they should become."""
        if self.add_gt_as_proposals:
            proposals = [
                torch.cat([boxes, o.boxes])
                for boxes, o in zip(proposals, objects, strict=True)
            ]
        found = [
            self.assigner.assign(boxes, o.boxes, o.labels, o.weights, o.ignored)
            for boxes, o in zip(proposals, objects, strict=True)
        ]
        drawn = sampled(self.sampler, [each.labels for each in found])
        chosen, targets = [], []
        for boxes, each, both in zip(proposals, found, drawn, strict=True):
            places = torch.cat(both)
            wanted = each.boxes(boxes)[places]
            chosen.append(boxes[places])
            targets.append(
                RoITargets(each.labels[places], each.weights[places], wanted)
            )
        return chosen, targets

    def loss(
        self,
        classes: Tensor,
        deltas: Tensor,
        proposals: Sequence[Tensor],
        targets: Sequence[RoITargets],
    ) -> dict[str, Tensor]:
        """The losses of a batch.

        Args:
            classes: As :meth:`forward` gives it.
            deltas: As :meth:`forward` gives it.
            proposals: The sampled proposals of each image.
            targets: What they should become.

        Returns:
            ``loss_cls`` and ``loss_bbox``, both over the number of proposals.
        """
        labels = torch.cat([t.labels for t in targets])
        weights = torch.cat([t.weights for t in targets])
        wanted = torch.cat([t.boxes for t in targets])
        boxes = torch.cat(list(proposals))
        positive = (labels >= 0).nonzero().squeeze(1)
        # One box for all classes stands at column 0.
        column = labels[positive] if deltas.size(1) > 1 else torch.zeros_like(positive)
        own = deltas[positive, column].float()
        if getattr(self.loss_bbox, 'on_boxes', False):
            pred, target = (
                self.bbox_coder.decode(boxes[positive], own),
                wanted[positive],
            )
        else:
            pred = own
            target = self.bbox_coder.encode(boxes[positive], wanted[positive])
        cls_loss = self.loss_cls(
            classes.float(), labels.clamp(min=-1) + 1, reduction_override='none'
        )
        loc_loss = self.loss_bbox(pred, target, reduction_override='none')
        loc_loss = loc_loss.sum(-1) if loc_loss.ndim > 1 else loc_loss
        keep = torch.ones_like(cls_loss)
        if self.miner is not None:
            keep = self._mined(cls_loss, loc_loss, positive, boxes, proposals, labels)
        count = max(len(labels), 1)
        kept = keep * weights
        nothing = 0 * (classes.sum() + deltas.sum())
        return dict(
            loss_cls=(cls_loss * kept).sum() / count + nothing,
            loss_bbox=(loc_loss * kept[positive]).sum() / count,
        )

    def _mined(
        self,
        cls_loss: Tensor,
        loc_loss: Tensor,
        positive: Tensor,
        boxes: Tensor,
        proposals: Sequence[Tensor],
        labels: Tensor,
    ) -> Tensor:
        located = torch.zeros_like(cls_loss)
        located[positive] = loc_loss.detach().to(located.dtype)
        keep, start = torch.zeros_like(cls_loss), 0
        for own in proposals:
            part = slice(start, start + len(own))
            given = cls_loss[part], located[part], boxes[part], labels[part]
            keep[part] = mined(self.miner, *given)
            start += len(own)
        return keep

    @torch.no_grad()
    def predict(
        self,
        classes: Tensor,
        deltas: Tensor,
        proposals: Sequence[Tensor],
        sizes: Sequence[tuple[int, int]],
    ) -> list[Detections]:
        """The boxes of each image, the best first.

        Args:
            classes: As :meth:`forward` gives it.
            deltas: As :meth:`forward` gives it.
            proposals: The proposals of each image.
            sizes: Height and width of each image without its padding.

        Returns:
            Boxes ``(M, 4)`` in pixels, scores ``(M, )`` and labels ``(M, )``.
        """
        lengths = [len(p) for p in proposals]
        scores = classes.float().softmax(-1)[:, 1:].split(lengths)
        found = []
        for own, delta, boxes, size in zip(
            scores, deltas.float().split(lengths), proposals, sizes, strict=True
        ):
            decoded = clip_boxes(self.bbox_coder.decode(boxes[:, None], delta), size)
            decoded = decoded.expand(-1, self.num_classes, -1)
            found.append(multiclass_nms(decoded, own, **self.test_cfg))
        return found

    def predict_static(
        self,
        scores: Tensor,
        deltas: Tensor,
        proposals: Tensor,
        size: tuple[int, int],
    ) -> Detections:
        """:meth:`predict` with outputs of a fixed size, for an exported model.

        Args:
            scores: ``(B, P, K)``; :data:`~mmlite.ops.ABSENT` where there is no
                proposal.
            deltas: ``(B, P, K, 4)``, or ``(B, P, 1, 4)``.
            proposals: ``(B, P, 4)``, as many for each image.
            size: Height and width of all images without their padding.

        Returns:
            Boxes ``(B, M, 4)`` in pixels, scores and labels ``(B, M)``; see
            :func:`~mmlite.ops.static_nms`.
        """
        cfg = self.test_cfg
        decoded = self.bbox_coder.decode(proposals.unsqueeze(2), deltas)
        boxes = clip_boxes(decoded, size).expand(-1, -1, self.num_classes, -1)
        large = large_enough(boxes, cfg['min_size'])
        scores = torch.where(large, scores, torch.full_like(scores, ABSENT))
        boxes, scores = boxes.transpose(1, 2), scores.transpose(1, 2)
        count = int(scores.size(2))
        if cfg['nms_pre'] is not None and cfg['nms_pre'] < count:
            scores, places = static_topk(scores, cfg['nms_pre'])
            boxes = boxes.gather(2, places.unsqueeze(-1).expand(-1, -1, -1, 4))
        return static_nms(
            boxes, scores, cfg['iou_threshold'], cfg['max_per_img'], cfg['score_thr']
        )
