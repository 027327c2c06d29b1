"""Two-stage detectors."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from ...errors import ConfigError, Problem, check_choice
from ...ops import ABSENT, numbers_like
from ...registry import MODELS
from ..joining import build_part
from .base import DetectionModel, Detections, Predictions, _sizes
from .strides import check_strides

__all__ = ['FasterRCNN']


@MODELS.register_module(name=['FasterRCNN', 'FasterRCNNMetaArch'])
class FasterRCNN(DetectionModel):
    """Propose boxes, then classify and refine each by its own features.

    Paper: Faster R-CNN, NIPS 2015, https://arxiv.org/abs/1506.01497

    Raw predictions of the first stage: ``rpn_features_to_crop`` (the feature maps),
    ``rpn_box_encodings`` ``(B, A, 4)``, ``rpn_objectness_predictions_with_background``
    ``(B, A, 2)``, ``anchors`` (in pixels, one tensor a map), ``image_shape``; of the
    second: ``proposal_boxes`` (in pixels, one tensor an image), ``num_proposals``
    ``(B, )``, ``refined_box_encodings`` ``(R, K, 4)``,
    ``class_predictions_with_background`` ``(R, K + 1)`` of the proposals of all images,
    one image behind the other.

    Args:
        num_classes: Number of classes ``K``, without background.
        feature_extractor: Config of a
            :class:`~mmlite.models.extractors.FasterRCNNFeatureExtractor`.
        rpn_head: Config of the first stage; ``in_channels`` is known and may be left
            out.
        roi_head: Config of the second stage; ``num_classes`` and ``in_channels`` of its
            ``bbox_head`` are known.
        number_of_stages: 2, or 1 for proposals alone: objects of class 0.
        kwargs: Further arguments of :class:`DetectionModel`.

    Shape:
        inputs: ``(B, C, H, W)``.

    Raises:
        ConfigError: if the config of a part is wrong, or the parts do not fit.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='FasterRCNN',
        ...     num_classes=2,
        ...     feature_extractor=dict(
        ...         type='FPNExtractor',
        ...         backbone=dict(type='ResNet', depth=18, out_indices=(1, 2)),
        ...         neck=dict(out_channels=16)),
        ...     rpn_head=dict(
        ...         type='RPNHead',
        ...         anchor_generator=dict(type='AnchorGenerator', sizes=[[32], [64]])),
        ...     roi_head=dict(
        ...         type='RoIHead',
        ...         bbox_head=dict(type='ConvFCBBoxHead', fc_out_channels=32))))
        >>> found = model.eval()(torch.rand(1, 3, 64, 64), mode='predict')
        >>> found[0].pred_bboxes.shape[1]
        4
    """

    exported_rows: ClassVar[tuple[tuple[str, ...], ...]] = (
        *DetectionModel.exported_rows,
        ('raw_detection_boxes', 'raw_detection_scores'),
    )

    def __init__(
        self,
        num_classes: int,
        feature_extractor: dict | nn.Module,
        rpn_head: dict | nn.Module,
        roi_head: dict | nn.Module | None = None,
        number_of_stages: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, feature_extractor, **kwargs)
        check_choice((1, 2), number_of_stages=number_of_stages)
        extractor = self.feature_extractor
        if not hasattr(extractor, 'extract_proposal_features'):
            raise ConfigError(
                [
                    Problem(
                        'feature_extractor',
                        f'{type(extractor).__name__} has no extract_proposal_features, '
                        'so it does not fit Faster R-CNN; use a '
                        'FasterRCNNFeatureExtractor, e.g. FPNExtractor',
                    )
                ]
            )
        self.number_of_stages = number_of_stages
        specs = extractor.feature_specs
        width = None if specs is None else specs[0].channels
        known = {} if width is None else dict(in_channels=width)
        self.rpn_head = build_part('rpn_head', _with(rpn_head, known))
        self._check('rpn_head.in_channels', self.rpn_head.in_channels, width)
        check_strides('rpn_head', self.rpn_head.anchor_generator, specs)
        self.roi_head = None
        if number_of_stages == 2:
            self._add_second_stage(roi_head, width)
        self.train(self.training)

    def _add_second_stage(
        self, roi_head: dict | nn.Module | None, width: int | None
    ) -> None:
        if roi_head is None:
            raise ValueError('number_of_stages=2 needs a roi_head; set model.roi_head')
        if isinstance(roi_head, dict):
            known: dict[str, Any] = dict(num_classes=self.num_classes)
            if width is not None:
                known['in_channels'] = self._crop_width(width)
            box = _with(roi_head.get('bbox_head') or {}, known)
            roi_head = {**roi_head, 'bbox_head': box}
        self.roi_head = build_part('roi_head', roi_head)
        if width is not None:
            wanted = self.roi_head.in_channels
            self._check(
                'roi_head.bbox_head.in_channels', wanted, self._crop_width(width)
            )
        found = self.roi_head.num_classes
        self._check('roi_head.bbox_head.num_classes', found, self.num_classes)

    @torch.no_grad()
    def _crop_width(self, width: int) -> int:
        """Channels of what the second part of the extractor gives."""
        extractor = self.feature_extractor
        was = extractor.training
        crop = torch.zeros(1, width, 7, 7)
        found = extractor.eval().extract_box_classifier_features(crop).size(1)
        extractor.train(was)
        return found

    @staticmethod
    def _check(key: str, stated: int, known: int | None) -> None:
        if known is not None and stated != known:
            raise ConfigError(
                [
                    Problem(
                        key, f'is {stated}, but the model gives {known}; leave it out'
                    )
                ]
            )

    def predict(
        self, preprocessed_inputs: Tensor, true_image_shapes: Tensor
    ) -> Predictions:
        """Raw predictions, by name; see the class."""
        feats = self.feature_extractor.extract_proposal_features(preprocessed_inputs)
        logits, deltas = self.rpn_head(feats)
        size = tuple(preprocessed_inputs.shape[-2:])
        found: Predictions = dict(
            rpn_features_to_crop=feats,
            rpn_box_encodings=deltas,
            rpn_objectness_predictions_with_background=torch.stack(
                [torch.zeros_like(logits), logits], dim=-1
            ),
            anchors=self.rpn_head.anchors(feats, size),
            image_shape=tuple(preprocessed_inputs.shape),
        )
        if self.number_of_stages == 2:
            self._add_second(found, true_image_shapes, size)
        return found

    def _add_second(
        self, found: Predictions, true_image_shapes: Tensor, size: tuple[int, int]
    ) -> None:
        proposals = [boxes for boxes, _ in self._proposals(found, true_image_shapes)]
        if self.training and self._ground_truth is not None:
            objects = self.objects_at(true_image_shapes)
            proposals, found['proposal_targets'] = self.roi_head.sample(
                proposals, objects
            )
        feats = found['rpn_features_to_crop']
        crops = self.roi_head.roi_extractor(feats, proposals, size)
        hidden = self.feature_extractor.extract_box_classifier_features(crops)
        classes, boxes = self.roi_head(hidden)
        counts = [len(own) for own in proposals]
        found.update(
            proposal_boxes=proposals,
            num_proposals=numbers_like(counts, classes, torch.int64),
            refined_box_encodings=boxes,
            class_predictions_with_background=classes,
        )

    def _proposals(
        self, found: Predictions, true_image_shapes: Tensor
    ) -> list[tuple[Tensor, Tensor]]:
        return self.rpn_head.predict(*_of_rpn(found), _sizes(true_image_shapes))

    def loss(
        self, prediction_dict: Predictions, true_image_shapes: Tensor
    ) -> dict[str, Tensor]:
        """``loss_rpn_cls``, ``loss_rpn_bbox``, ``loss_cls`` and ``loss_bbox``.

        Raises:
            RuntimeError: if the prediction was made without the ground truth, by which
                the second stage samples its proposals.
        """
        objects = self.objects_at(true_image_shapes)
        losses = self.rpn_head.loss(*_of_rpn(prediction_dict), objects)
        if self.number_of_stages == 1:
            return losses
        if 'proposal_targets' not in prediction_dict:
            raise RuntimeError(
                'the loss of the second stage needs proposals that were sampled with '
                'the ground truth: call train() and provide_groundtruth before predict'
            )
        second = self.roi_head.loss(
            prediction_dict['class_predictions_with_background'],
            prediction_dict['refined_box_encodings'],
            prediction_dict['proposal_boxes'],
            prediction_dict['proposal_targets'],
        )
        return {**losses, **second}

    def detect(
        self, prediction_dict: Predictions, true_image_shapes: Tensor
    ) -> list[Detections]:
        """Boxes in pixels, scores and labels of each image."""
        if self.number_of_stages == 1:
            found = self._proposals(prediction_dict, true_image_shapes)
            return [(b, s, torch.zeros_like(s, dtype=torch.int64)) for b, s in found]
        return self.roi_head.predict(
            prediction_dict['class_predictions_with_background'],
            prediction_dict['refined_box_encodings'],
            prediction_dict['proposal_boxes'],
            _sizes(true_image_shapes),
        )

    def raw_detections(
        self, prediction_dict: Predictions, true_image_shapes: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The proposals, each with the box of its best class, and all scores."""
        if self.number_of_stages == 1:
            found = self._proposals(prediction_dict, true_image_shapes)
            boxes, scores = zip(*found, strict=True)
            padded = pad_sequence(list(scores), batch_first=True)[..., None]
            return pad_sequence(list(boxes), batch_first=True), padded
        proposals = prediction_dict['proposal_boxes']
        lengths = [len(own) for own in proposals]
        classes = prediction_dict['class_predictions_with_background']
        scores = classes.softmax(-1)[:, 1:]
        deltas = prediction_dict['refined_box_encodings']
        column = (
            scores.argmax(-1) if deltas.size(1) > 1 else scores.new_zeros(len(scores))
        )
        best = deltas[torch.arange(len(deltas), device=deltas.device), column.long()]
        boxes = self.roi_head.bbox_coder.decode(torch.cat(proposals), best)
        return (
            pad_sequence(boxes.split(lengths), batch_first=True),
            pad_sequence(scores.split(lengths), batch_first=True),
        )

    def static_detections(
        self, images: Tensor, size: tuple[int, int]
    ) -> tuple[Detections, tuple[Tensor, Tensor]]:
        """The final boxes, scores and labels, and those of all proposals."""
        feats = self.feature_extractor.extract_proposal_features(images)
        whole = int(images.shape[-2]), int(images.shape[-1])
        anchors = self.rpn_head.anchors(feats, whole)
        proposals, found = self.rpn_head.predict_static(
            *self.rpn_head(feats), anchors, size
        )
        if self.number_of_stages == 1:
            labels = torch.zeros_like(found, dtype=torch.int64)
            return (proposals, found, labels), (proposals, found.clamp(0).unsqueeze(-1))
        crops = self.roi_head.roi_extractor(feats, proposals, whole)
        hidden = self.feature_extractor.extract_box_classifier_features(crops)
        count = int(proposals.size(1))
        classes, deltas = (x.unflatten(0, (-1, count)) for x in self.roi_head(hidden))
        there = (found > ABSENT / 2).unsqueeze(-1)
        scores = classes.softmax(-1)[..., 1:]
        absent = torch.where(there, scores, torch.full_like(scores, ABSENT))
        final = self.roi_head.predict_static(absent, deltas, proposals, size)
        column = scores.argmax(-1, keepdim=True) % int(deltas.size(2))
        best = deltas.gather(2, column.unsqueeze(-1).expand(-1, -1, -1, 4)).squeeze(2)
        boxes = self.roi_head.bbox_coder.decode(proposals, best)
        return final, (boxes * there, scores * there)


def _with(cfg: dict | nn.Module, known: dict[str, Any]) -> dict | nn.Module:
    return {**known, **cfg} if isinstance(cfg, dict) else cfg


def _of_rpn(prediction_dict: Predictions) -> tuple[Tensor, Tensor, list[Tensor]]:
    both = prediction_dict['rpn_objectness_predictions_with_background']
    return (
        both[..., 1] - both[..., 0],
        prediction_dict['rpn_box_encodings'],
        prediction_dict['anchors'],
    )
