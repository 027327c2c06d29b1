"""The head of RetinaNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from mmengine.model import bias_init_with_prob
from torch import Tensor, nn

from ...ops import ABSENT, batched_nms, clip_boxes, static_topk
from ...registry import MODELS
from ..layers import ConvModule
from .dense_head import DenseHead, Detections

__all__ = ['RetinaHead']

ANCHORS = dict(
    type='AnchorGenerator',
    sizes=[
        tuple(int(side * 2 ** (step / 3)) for step in range(3))
        for side in (32, 64, 128, 256, 512)
    ],
)
ASSIGNER = dict(
    type='TargetAssigner',
    matcher=dict(
        type='ArgMaxMatcher',
        matched_threshold=0.5,
        unmatched_threshold=0.4,
        allow_low_quality_matches=True,
    ),
)
CODER = dict(type='BoxCoder')
L1 = dict(type='L1Loss')
FOCAL = dict(type='FocalLoss', gamma=2.0, alpha=0.25)
RELU = dict(type='ReLU')
NORMAL = dict(type='Normal', layer='Conv2d', std=0.01)


@MODELS.register_module()
class RetinaHead(DenseHead):
    """Two stacks of convolutions that all maps share: one for classes, one for boxes.

    Paper: Focal Loss for Dense Object Detection, ICCV 2017,
    https://arxiv.org/abs/1708.02002; the defaults are those of torchvision's
    ``retinanet_resnet50_fpn``. Names are those of mmdetection.

    Args:
        num_classes: Number of classes ``K``, without background.
        in_channels: Channels of the maps.
        feat_channels: Width of the stacks.
        stacked_convs: Number of convolutions in each stack.
        norm_cfg: Config of the norms; ``None`` has none.
        act_cfg: Config of the activations.
        prior: Score of every anchor at the start of training, which sets the bias.
        anchor_generator: Config of the anchors.
        bbox_coder: Config of the box coder.
        assigner: Config of the target assigner.
        loss_cls: Config of the loss of the classes.
        loss_bbox: Config of the loss of the boxes.
        normalizer: See :class:`DenseHead`.
        init_cfg: Config of the initialisation.
        kwargs: Further arguments of :class:`DenseHead`; ``nms_pre`` of ``test_cfg``
            counts pairs of anchor and class of each map.

    Shape:
        feats: ``(B, in_channels, H, W)`` each.
        returns: ``(B, A, K)`` logits and ``(B, A, 4)``.

    Example:
        >>> anchors = dict(type='AnchorGenerator', sizes=[[16], [32]], ratios=[1.0])
        >>> head = RetinaHead(3, 8, feat_channels=8, anchor_generator=anchors)
        >>> feats = torch.zeros(1, 8, 4, 4), torch.zeros(1, 8, 2, 2)
        >>> [tuple(out.shape) for out in head(feats)]
        [(1, 20, 3), (1, 20, 4)]
    """

    #: Whether all maps pass through the same layers, and so have one width.
    shares_layers: ClassVar[bool] = True

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 256,
        feat_channels: int = 256,
        stacked_convs: int = 4,
        norm_cfg: dict | None = None,
        act_cfg: dict = RELU,
        prior: float = 0.01,
        anchor_generator: dict | Any = ANCHORS,
        bbox_coder: dict | Any = CODER,
        assigner: dict | Any = ASSIGNER,
        loss_cls: dict | nn.Module = FOCAL,
        loss_bbox: dict | nn.Module = L1,
        normalizer: str = 'image',
        init_cfg: dict | list | None = NORMAL,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            num_classes,
            in_channels,
            anchor_generator,
            bbox_coder,
            assigner,
            loss_cls,
            loss_bbox,
            use_sigmoid=True,
            normalizer=normalizer,
            init_cfg=init_cfg,
            **kwargs,
        )
        counts = set(self.num_base_anchors)
        if len(counts) > 1:
            raise ValueError(
                'all maps share the convolutions of RetinaHead, so their places have '
                f'the same number of anchors; got {self.num_base_anchors}'
            )
        (count,) = counts
        self.prior = prior
        widths = [in_channels, *[feat_channels] * stacked_convs]
        common = dict(kernel_size=3, padding=1, norm_cfg=norm_cfg, act_cfg=act_cfg)

        def stack() -> nn.ModuleList:
            pairs = zip(widths, widths[1:], strict=False)
            return nn.ModuleList(ConvModule(*pair, **common) for pair in pairs)

        self.cls_convs = stack()
        self.reg_convs = stack()
        self.retina_cls = nn.Conv2d(widths[-1], count * num_classes, 3, padding=1)
        self.retina_reg = nn.Conv2d(widths[-1], count * 4, 3, padding=1)

    def init_weights(self) -> None:
        """As init_cfg says; the classes start at the prior."""
        super().init_weights()
        nn.init.constant_(self.retina_cls.bias, bias_init_with_prob(self.prior))

    def class_maps(self, feats: Sequence[Tensor]) -> list[Tensor]:
        """The logits of each map."""
        return [self.retina_cls(_through(self.cls_convs, feat)) for feat in feats]

    def box_maps(self, feats: Sequence[Tensor]) -> list[Tensor]:
        """The encoded boxes of each map."""
        return [self.retina_reg(_through(self.reg_convs, feat)) for feat in feats]

    def candidates(
        self,
        scores: Tensor,
        deltas: Tensor,
        anchors: Sequence[Tensor],
        size: tuple[int, int],
    ) -> Detections:
        """The boxes of one image: the best of every map, then suppression."""
        lengths = [len(level) for level in anchors]
        cfg = self.test_cfg
        parts: list[Detections] = []
        for own, delta, level in zip(
            scores.split(lengths), deltas.split(lengths), anchors, strict=True
        ):
            places, labels = (own > cfg['score_thr']).nonzero(as_tuple=True)
            values = own[places, labels]
            best = values.argsort(descending=True, stable=True)[: cfg['nms_pre']]
            places, labels, values = places[best], labels[best], values[best]
            boxes = self.bbox_coder.decode(level[places], delta[places])
            parts.append((clip_boxes(boxes, size), values, labels))
        boxes, values, labels = map(torch.cat, zip(*parts, strict=True))
        kept = batched_nms(
            boxes, values, labels, cfg['iou_threshold'], cfg['max_per_img']
        )
        return boxes[kept], values[kept], labels[kept]

    def static_candidates(
        self, boxes: Tensor, scores: Tensor, lengths: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """Boxes ``(B, N, 4)``, the best of every map, and their scores ``(B, K, N)``.

        A box has a score for the class that it is a candidate of.
        """
        parts = []
        for own, level in zip(
            scores.split(lengths, dim=1), boxes.split(lengths, dim=1), strict=True
        ):
            count = int(own.size(1)) * self.num_classes
            most = min(self.test_cfg['nms_pre'] or count, count)
            values, flat = static_topk(own.flatten(1), most)
            places, labels = flat // self.num_classes, flat % self.num_classes
            chosen = level.gather(1, places.unsqueeze(-1).expand(-1, -1, 4))
            parts.append((chosen, values, labels))
        boxes, values, labels = (torch.cat(p, dim=1) for p in zip(*parts, strict=True))
        classes = torch.arange(self.num_classes, device=labels.device).view(-1, 1)
        own_class = labels.unsqueeze(1) == classes
        values = values.unsqueeze(1)
        return boxes, torch.where(own_class, values, torch.full_like(values, ABSENT))


def _through(layers: nn.ModuleList, x: Tensor) -> Tensor:
    for layer in layers:
        x = layer(x)
    return x
