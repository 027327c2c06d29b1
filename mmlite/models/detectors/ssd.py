"""One-stage detectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import ConfigError, Problem
from ...registry import MODELS
from ..joining import build_part
from .base import DetectionModel, Detections, Predictions, _sizes
from .ground_truth import in_pixels
from .strides import check_strides

__all__ = ['SSD']


@MODELS.register_module(name=['SSD', 'SSDMetaArch', 'RetinaNet'])
class SSD(DetectionModel):
    """Predict class and box of all anchors at once.

    Papers: SSD, ECCV 2016, https://arxiv.org/abs/1512.02325; with an
    :class:`~mmlite.models.extractors.FPNExtractor` and a
    :class:`~mmlite.models.heads.RetinaHead` it is RetinaNet, ICCV 2017,
    https://arxiv.org/abs/1708.02002.

    Raw predictions: ``box_encodings`` ``(B, A, 4)``,
    ``class_predictions_with_background`` ``(B, A, K + 1)`` (``(B, A, K)`` where each
    class has a score of its own),
    ``anchors`` (in pixels, one tensor a map) and ``feature_maps``.

    Args:
        num_classes: Number of classes ``K``, without background.
        feature_extractor: Config of an
            :class:`~mmlite.models.extractors.SSDFeatureExtractor`.
        bbox_head: Config of the head; ``num_classes`` and ``in_channels`` are known
            and may be left out.
        kwargs: Further arguments of :class:`DetectionModel`.

    Shape:
        inputs: ``(B, C, H, W)``.

    Raises:
        ConfigError: if the config of a part is wrong, or the parts do not fit.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='SSD',
        ...     num_classes=2,
        ...     feature_extractor=dict(
        ...         type='SSDMultiMapExtractor',
        ...         backbone=dict(type='ResNet', depth=18, out_indices=(2, 3)),
        ...         extra_channels=(32, )),
        ...     bbox_head=dict(
        ...         type='SSDHead',
        ...         anchor_generator=dict(
        ...             type='SSDAnchorGenerator', ratios=[[2]] * 3))))
        >>> found = model.eval()(torch.rand(1, 3, 64, 64), mode='predict')
        >>> found[0].pred_bboxes.shape[1]
        4
    """

    def __init__(
        self,
        num_classes: int,
        feature_extractor: dict | nn.Module,
        bbox_head: dict | nn.Module,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, feature_extractor, **kwargs)
        extractor = self.feature_extractor
        if not hasattr(extractor, 'extract_features'):
            raise ConfigError(
                [
                    Problem(
                        'feature_extractor',
                        f'{type(extractor).__name__} has no extract_features, so it '
                        'does not fit SSD; use an SSDFeatureExtractor, e.g. '
                        'SSDMultiMapExtractor',
                    )
                ]
            )
        self.bbox_head = build_part('bbox_head', self._head_cfg(bbox_head))
        self._check_maps()
        self.train(self.training)

    def _head_cfg(self, cfg: dict | nn.Module) -> dict | nn.Module:
        """The config with what is known of the widths."""
        if isinstance(cfg, nn.Module):
            return cfg
        known = dict(num_classes=self.num_classes)
        specs = self.feature_extractor.feature_specs
        if specs is not None:
            widths = [spec.channels for spec in specs]
            head = MODELS.get(cfg.get('type', ''))
            shared = getattr(head, 'shares_layers', False)
            known['in_channels'] = widths[0] if shared else widths
        return {**known, **cfg}

    def _check_maps(self) -> None:
        specs, head = self.feature_extractor.feature_specs, self.bbox_head
        if head.num_classes != self.num_classes:
            message = (
                f'is {head.num_classes}, but model.num_classes is '
                f'{self.num_classes}; leave it out'
            )
            raise ConfigError([Problem('bbox_head.num_classes', message)])
        if specs is None:
            return
        widths = [spec.channels for spec in specs]
        wanted = head.in_channels
        wanted = [wanted] * len(widths) if isinstance(wanted, int) else list(wanted)
        if widths != wanted:
            message = (
                f'is {head.in_channels}, but the feature extractor gives {widths}; '
                'leave it out'
            )
            raise ConfigError([Problem('bbox_head.in_channels', message)])
        maps = len(head.num_base_anchors)
        if maps != len(widths):
            message = (
                f'has anchors for {maps} feature maps, but the feature extractor gives '
                f'{len(widths)}; give it one entry for each'
            )
            raise ConfigError([Problem('bbox_head.anchor_generator', message)])
        check_strides('bbox_head', head.anchor_generator, specs)

    def predict(
        self, preprocessed_inputs: Tensor, true_image_shapes: Tensor
    ) -> Predictions:
        """Raw predictions, by name; see the class."""
        feats = list(self.feature_extractor.extract_features(preprocessed_inputs))
        classes, boxes = self.bbox_head(feats)
        size = tuple(preprocessed_inputs.shape[-2:])
        return dict(
            box_encodings=boxes,
            class_predictions_with_background=classes,
            anchors=self.bbox_head.anchors(feats, size),
            feature_maps=feats,
        )

    def loss(
        self, prediction_dict: Predictions, true_image_shapes: Tensor
    ) -> dict[str, Tensor]:
        """``loss_cls`` and ``loss_bbox``."""
        return self.bbox_head.loss(
            *_of_head(prediction_dict), self.objects_at(true_image_shapes)
        )

    def detect(
        self, prediction_dict: Predictions, true_image_shapes: Tensor
    ) -> list[Detections]:
        """Boxes in pixels, scores and labels of each image."""
        head = self.bbox_head
        return head.predict(*_of_head(prediction_dict), _sizes(true_image_shapes))

    def raw_detections(
        self, prediction_dict: Predictions, true_image_shapes: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Boxes of all anchors in pixels, and their scores."""
        classes, deltas, anchors = _of_head(prediction_dict)
        boxes = self.bbox_head.bbox_coder.decode(torch.cat(anchors), deltas)
        return boxes, self.bbox_head.scores(classes)

    def static_raw(
        self, images: Tensor, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Boxes of all anchors in pixels, and their scores."""
        return self._static(images)[0]

    def static_detections(
        self, images: Tensor, size: tuple[int, int]
    ) -> tuple[Detections, tuple[Tensor, Tensor]]:
        """The final boxes, scores and labels, and those of all anchors."""
        raw, lengths = self._static(images)
        return self.bbox_head.predict_static(*raw, lengths, size), raw

    def derived_outputs(
        self, outputs: Mapping[str, Tensor], inputs: Tensor
    ) -> dict[str, Tensor]:
        """The final detections that follow from those of all anchors."""
        images, size = self.prepared(inputs)
        _, lengths = self._static(images)
        boxes = in_pixels(outputs['raw_detection_boxes'], size)
        scores = outputs['raw_detection_scores']
        found = self.bbox_head.predict_static(boxes, scores, lengths, size)
        return self.named_detections(found, size)

    def _static(self, images: Tensor) -> tuple[tuple[Tensor, Tensor], list[int]]:
        feats = list(self.feature_extractor.extract_features(images))
        classes, deltas = self.bbox_head(feats)
        height, width = (int(side) for side in images.shape[-2:])
        anchors = self.bbox_head.anchors(feats, (height, width))
        boxes = self.bbox_head.bbox_coder.decode(torch.cat(anchors), deltas)
        return (boxes, self.bbox_head.scores(classes)), [len(a) for a in anchors]


def _of_head(prediction_dict: Predictions) -> tuple[Tensor, Tensor, list[Tensor]]:
    return (
        prediction_dict['class_predictions_with_background'],
        prediction_dict['box_encodings'],
        prediction_dict['anchors'],
    )
