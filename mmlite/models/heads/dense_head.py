"""What the heads of one-stage detectors share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from ...errors import ConfigError, Problem, at, check_choice, did_you_mean
from ...ops import clip_boxes, multiclass_nms, static_nms, static_topk
from ...registry import MODELS, TASK_UTILS
from ...structures import Objects
from .chosen import mined

__all__ = [
    'DenseHead',
    'build_module',
    'build_util',
    'filled',
    'flat_maps',
    'map_sizes',
]

Detections = tuple[Tensor, Tensor, Tensor]
NORMALIZERS = ('image', 'batch')


def build_util(key: str, cfg: Any) -> Any:
    """Build a part of ``TASK_UTILS``, so that errors say which argument it is."""
    if not isinstance(cfg, dict):
        return cfg
    with at(key):
        return TASK_UTILS.build(cfg)


def flat_maps(maps: Sequence[Tensor], channels: int) -> Tensor:
    """The predictions of all maps in the order of the anchors.

    Args:
        maps: ``(B, A * channels, H, W)`` each.
        channels: Numbers that are predicted for an anchor.

    Returns:
        ``(B, sum of all H * W * A, channels)``.
    """
    return torch.cat(
        [m.permute(0, 2, 3, 1).reshape(m.size(0), -1, channels) for m in maps], dim=1
    )


def map_sizes(feats: Sequence[Tensor]) -> list[tuple[int, int]]:
    """Height and width of feature maps."""
    return [(int(feat.shape[-2]), int(feat.shape[-1])) for feat in feats]


class DenseHead(BaseModule):
    """Base of heads that predict a class and a box for every anchor of every map.

    Override:
        class_maps, box_maps: maps of features to those of predictions.
        candidates: which boxes of an image are looked at, and their suppression.
        static_candidates: the same of a batch, as tensors of fixed sizes.

    Args:
        num_classes: Number of classes ``K``, without background.
        in_channels: Channels of the maps; one number if all are alike.
        anchor_generator: Config of the anchors.
        bbox_coder: Config of the box coder.
        assigner: Config of the target assigner.
        loss_cls: Config of the loss of the classes.
        loss_bbox: Config of the loss of the boxes; one that compares boxes, e.g.
            ``GIoULoss``, is given decoded ones.
        use_sigmoid: Whether each class has a sigmoid of its own; otherwise a softmax
            goes over ``K + 1`` scores, of which the first is background.
        miner: Config of a hard example miner, or None.
        normalizer: What losses are divided by: the number of positives of each
            ``'image'`` (then follows the mean over the images), or of the whole
            ``'batch'``.
        test_cfg: What is changed of ``score_thr=0.05``, the least score of a box;
            ``nms_pre=1000``, how many of the best boxes of each class go into the
            suppression; ``iou_threshold=0.5``, the overlap above which the box of
            lower score is dropped; and ``max_per_img=300``, how many boxes are
            returned at most.
        init_cfg: Config of the initialisation.

    Shape:
        feats: ``(B, C, H, W)`` each.
        returns: scores before sigmoid or softmax ``(B, A, K)`` or ``(B, A, K + 1)``,
        and the encoded boxes ``(B, A, 4)``.

    Raises:
        ValueError: if the normalizer is unknown.
        ConfigError: if test_cfg has an unknown entry.
    """

    promise: ClassVar[str] = 'AnchorHead'
    default_test_cfg: ClassVar[dict[str, Any]] = dict(
        score_thr=0.05, nms_pre=1000, iou_threshold=0.5, max_per_img=300
    )

    def __init__(
        self,
        num_classes: int,
        in_channels: int | Sequence[int],
        anchor_generator: dict | Callable,
        bbox_coder: dict | Any,
        assigner: dict | Any,
        loss_cls: dict | nn.Module,
        loss_bbox: dict | nn.Module,
        use_sigmoid: bool = False,
        miner: dict | Callable | None = None,
        normalizer: str = 'batch',
        test_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice(NORMALIZERS, normalizer=normalizer)
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.anchor_generator = build_util('anchor_generator', anchor_generator)
        self.bbox_coder = build_util('bbox_coder', bbox_coder)
        self.assigner = build_util('assigner', assigner)
        self.miner = build_util('miner', miner)
        self.loss_cls = build_module('loss_cls', loss_cls)
        self.loss_bbox = build_module('loss_bbox', loss_bbox)
        self.use_sigmoid = use_sigmoid
        self.normalizer = normalizer
        self.test_cfg = filled('test_cfg', self.default_test_cfg, test_cfg)
        self.cls_channels = num_classes + (not use_sigmoid)

    @property
    def num_base_anchors(self) -> list[int]:
        """How many anchors stand at a place of each map."""
        return self.anchor_generator.num_base_anchors

    def class_maps(self, feats: Sequence[Tensor]) -> list[Tensor]:
        """``(B, A * K, H, W)`` or ``(B, A * (K + 1), H, W)`` for each map."""
        raise NotImplementedError(f'{type(self).__name__} has to define class_maps')

    def box_maps(self, feats: Sequence[Tensor]) -> list[Tensor]:
        """``(B, A * 4, H, W)`` for each map."""
        raise NotImplementedError(f'{type(self).__name__} has to define box_maps')

    def forward(self, feats: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Class scores before sigmoid or softmax, and encoded boxes."""
        classes = flat_maps(self.class_maps(feats), self.cls_channels)
        return classes, flat_maps(self.box_maps(feats), 4)

    def anchors(
        self, feats: Sequence[Tensor], image_size: tuple[int, int]
    ) -> list[Tensor]:
        """The anchors of each map, in pixels of the image."""
        return self.anchor_generator(map_sizes(feats), image_size, feats[0].device)

    def scores(self, classes: Tensor) -> Tensor:
        """Scores from 0 to 1 without background, ``(*, K)``."""
        if self.use_sigmoid:
            return classes.sigmoid()
        return classes.softmax(dim=-1)[..., 1:]

    def loss(
        self,
        classes: Tensor,
        deltas: Tensor,
        anchors: Sequence[Tensor],
        objects: Sequence[Objects],
    ) -> dict[str, Tensor]:
        """The losses of a batch.

        Args:
            classes: As :meth:`forward` gives it.
            deltas: As :meth:`forward` gives it.
            anchors: The anchors of each map.
            objects: The ground truth of each image.

        Returns:
            ``loss_cls`` and ``loss_bbox``.
        """
        boxes = torch.cat(list(anchors))
        targets = [
            self.assigner.assign(boxes, o.boxes, o.labels, o.weights, o.ignored)
            for o in objects
        ]
        labels = torch.stack([t.labels for t in targets])
        weights = torch.stack([t.weights for t in targets])
        matches = torch.stack([t.matches for t in targets])
        # The one thing that a GPU is waited for: how many anchors have an object.
        at = images, _ = (matches >= 0).nonzero(as_tuple=True)
        cls_loss = self._class_losses(classes.float(), labels)
        loc_loss = self._box_losses(deltas.float(), boxes, at, matches[at], targets)
        if self.miner is not None:
            located = torch.zeros_like(cls_loss)
            located[at] = loc_loss.detach().to(located.dtype)
            weights = weights * self._mined(cls_loss, located, deltas, boxes, labels)
        factors = self._factors((matches >= 0).sum(dim=1)).to(cls_loss.dtype)
        total = (cls_loss * weights * factors[:, None]).sum()
        # Without an object the loss is 0, but reaches every weight.
        found = (loc_loss * factors[images]).sum() + 0 * deltas.sum()
        return dict(loss_cls=total, loss_bbox=found)

    def _factors(self, positives: Tensor) -> Tensor:
        if self.normalizer == 'image':
            return 1 / (positives.clamp(min=1) * len(positives))
        return (1 / positives.sum().clamp(min=1)).expand(len(positives))

    def _class_losses(self, classes: Tensor, labels: Tensor) -> Tensor:
        """The loss of each anchor, ``(B, A)``."""
        flat = classes.flatten(0, 1)
        if self.use_sigmoid:
            target = flat.new_zeros(len(flat), self.num_classes + 1)
            column = labels.flatten().clamp(min=-1) % (self.num_classes + 1)
            target = target.scatter(1, column[:, None], 1.0)[:, : self.num_classes]
        else:
            target = labels.flatten().clamp(min=-1) + 1
        losses = self.loss_cls(flat, target, reduction_override='none')
        if losses.ndim > 1:
            losses = losses.sum(dim=-1)
        return losses.view_as(labels)

    def _box_losses(
        self,
        deltas: Tensor,
        anchors: Tensor,
        at: tuple[Tensor, Tensor],
        matches: Tensor,
        targets: Sequence[Any],
    ) -> Tensor:
        """The loss of each anchor with an object, ``(P, )``.

        Args:
            deltas: Encoded boxes, ``(B, A, 4)``.
            anchors: The anchors, ``(A, 4)``.
            at: The images and places of the anchors with an object, ``(P, )`` each.
            matches: Which object of its image each has, ``(P, )``.
            targets: What the anchors of each image should become.
        """
        images, places = at
        pred, anchors = deltas[at], anchors[places]
        objects = pad_sequence([t.objects for t in targets], batch_first=True)
        boxes = objects[images, matches]
        if getattr(self.loss_bbox, 'on_boxes', False):
            pred, wanted = self.bbox_coder.decode(anchors, pred), boxes
        else:
            wanted = self.bbox_coder.encode(anchors, boxes)
        losses = self.loss_bbox(pred, wanted, reduction_override='none')
        if losses.ndim > 1:
            losses = losses.sum(dim=-1)
        # An anchor with an object weighs as much as its object.
        return losses * torch.stack([t.weights for t in targets])[at]

    @torch.no_grad()
    def _mined(
        self,
        cls_loss: Tensor,
        loc_loss: Tensor,
        deltas: Tensor,
        anchors: Tensor,
        labels: Tensor,
    ) -> Tensor:
        """1 for the anchors that count, 0 for the others, ``(B, A)``."""
        return torch.stack(
            [
                mined(
                    self.miner, cls, loc, self.bbox_coder.decode(anchors, delta), label
                )
                for cls, loc, delta, label in zip(
                    cls_loss, loc_loss, deltas, labels, strict=True
                )
            ]
        )

    @torch.no_grad()
    def predict(
        self,
        classes: Tensor,
        deltas: Tensor,
        anchors: Sequence[Tensor],
        sizes: Sequence[tuple[int, int]],
    ) -> list[Detections]:
        """The boxes of each image, the best first.

        Args:
            classes: As :meth:`forward` gives it.
            deltas: As :meth:`forward` gives it.
            anchors: The anchors of each map.
            sizes: Height and width of each image without its padding.

        Returns:
            Boxes ``(M, 4)`` in pixels, scores ``(M, )`` and labels ``(M, )``.
        """
        scores = self.scores(classes.float())
        return [
            self.candidates(own, delta.float(), anchors, size)
            for own, delta, size in zip(scores, deltas, sizes, strict=True)
        ]

    def candidates(
        self,
        scores: Tensor,
        deltas: Tensor,
        anchors: Sequence[Tensor],
        size: tuple[int, int],
    ) -> Detections:
        """The boxes of one image: the best of every class, then suppression."""
        boxes = self.bbox_coder.decode(torch.cat(list(anchors)), deltas)
        return multiclass_nms(clip_boxes(boxes, size), scores, **self.test_cfg)

    def predict_static(
        self,
        boxes: Tensor,
        scores: Tensor,
        lengths: Sequence[int],
        size: tuple[int, int],
    ) -> Detections:
        """:meth:`predict` with outputs of a fixed size, for an exported model.

        Args:
            boxes: Decoded boxes of all anchors, ``(B, A, 4)`` in pixels.
            scores: Their scores, ``(B, A, K)``.
            lengths: Number of anchors of each map.
            size: Height and width of all images without their padding.

        Returns:
            Boxes ``(B, M, 4)`` in pixels, scores and labels ``(B, M)``; see
            :func:`~mmlite.ops.static_nms`.
        """
        cfg = self.test_cfg
        chosen = self.static_candidates(clip_boxes(boxes, size), scores, lengths)
        return static_nms(
            *chosen, cfg['iou_threshold'], cfg['max_per_img'], cfg['score_thr']
        )

    def static_candidates(
        self, boxes: Tensor, scores: Tensor, lengths: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """The boxes of each class ``(B, K, N, 4)``, and their scores ``(B, K, N)``."""
        scores = scores.transpose(1, 2)
        count = int(scores.size(2))
        most = min(self.test_cfg['nms_pre'] or count, count)
        scores, places = static_topk(scores, most)
        boxes = boxes.unsqueeze(1).expand(-1, self.num_classes, -1, -1)
        return boxes.gather(2, places.unsqueeze(-1).expand(-1, -1, -1, 4)), scores


def filled(key: str, default: dict[str, Any], given: dict | None) -> dict[str, Any]:
    """The settings with what a config changes of them.

    Raises:
        ConfigError: if it names a setting that there is not.
    """
    problems = [
        Problem(
            f'{key}.{name}', f'there is no such setting{did_you_mean(name, default)}'
        )
        for name in given or {}
        if name not in default
    ]
    if problems:
        raise ConfigError(problems)
    return {**default, **(given or {})}


def build_module(key: str, cfg: dict | nn.Module) -> nn.Module:
    """Build a part of ``MODELS``, so that errors say which argument it is."""
    if isinstance(cfg, nn.Module):
        return cfg
    with at(key):
        return MODELS.build(cfg)
