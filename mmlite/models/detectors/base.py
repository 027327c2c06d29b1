"""The detector: from images to boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from ...errors import DataError, check_at_least
from ...ops import numbers_like
from ...registry import TASK_UTILS
from ...structures import DataSample, Ragged, SampleBatch
from ..base import BaseModel
from ..joining import build_part
from ..layers import freeze_norms
from .exporting import Exporting
from .ground_truth import Annotated, annotated, check_objects, given, normalized
from .restoring import FineTuning

__all__ = ['DetectionModel']

Detections = tuple[Tensor, Tensor, Tensor]
Predictions = dict[str, Any]
Size = tuple[int, int]


class DetectionModel(Exporting, FineTuning, BaseModel):
    """Base of the detectors: preprocess, predict, then loss or postprocess.

    In training images pass through :meth:`preprocess`, :meth:`predict` and
    :meth:`loss`, in evaluation through :meth:`preprocess`, :meth:`predict` and
    :meth:`postprocess`; ``forward(inputs, data_samples, mode)`` does so. The call is
    that of TensorFlow's Object Detection API: classes are from 0 to ``num_classes - 1``
    and never the background, boxes at this interface are ``[y_min, x_min, y_max,
    x_max]`` as fractions of the image, scores only have an order.

    Images may have any size. In evaluation those of several sizes are predicted group
    by group, so that no detection depends on what else is in the batch.

    Args:
        num_classes: Number of classes ``K``, without background.
        feature_extractor: Config of the feature extractor, or the module itself.
        image_resizer: Config of what resizes images inside the model; None leaves that
            to the pipeline.
        pad_to_multiple: Height and width are padded to a multiple of it at the bottom
            and right, after the preprocessing of the extractor.
        freeze_batchnorm: Whether all batch norms keep their statistics and weights.
        fine_tune_checkpoint: Checkpoint that training starts from.
        fine_tune_checkpoint_type: ``'classification'`` for one of a classifier,
            ``'detection'`` for one of a detector.
        data_preprocessor: Config of the data preprocessor, ``DetDataPreprocessor``.
        init_cfg: How the weights are initialised.

    Override:
        predict: images to raw predictions.
        loss: raw predictions to losses.
        detect: raw predictions to boxes in pixels.
        raw_detections: raw predictions to boxes of all anchors.

    Shape:
        inputs: ``(B, C, H, W)``.
    """

    task = 'detection'
    learns_classes: ClassVar[bool] = True
    class_counts: ClassVar[tuple[str, ...]] = ('num_classes',)
    default_data_preprocessor: ClassVar[str] = 'DetDataPreprocessor'

    def __init__(
        self,
        num_classes: int,
        feature_extractor: dict | nn.Module,
        image_resizer: dict | None = None,
        pad_to_multiple: int = 1,
        freeze_batchnorm: bool = False,
        fine_tune_checkpoint: str | None = None,
        fine_tune_checkpoint_type: str = 'classification',
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        check_at_least(1, num_classes=num_classes)
        self.num_classes = num_classes
        self.feature_extractor = build_part('feature_extractor', feature_extractor)
        self.image_resizer = build_part('image_resizer', image_resizer, TASK_UTILS)
        self.pad_to_multiple = pad_to_multiple
        self.freeze_batchnorm = freeze_batchnorm
        self._set_fine_tuning(fine_tune_checkpoint, fine_tune_checkpoint_type)
        self._ground_truth: list[Annotated] | None = None

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile the network that makes features.

        What follows works on boxes in any number, with which it would be compiled
        again and again.
        """
        for part in self.feature_extractor.children():
            part.compile(*args, **kwargs)

    # The contract of TensorFlow's Object Detection API.

    def preprocess(
        self, inputs: Tensor | Sequence[Tensor], sizes: Sequence[Size] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Resize, preprocess and pad images.

        Args:
            inputs: ``(B, C, H, W)``, or a list of ``(C, H, W)`` of any sizes.
            sizes: Height and width of each without padding it may have already.

        Returns:
            The images ``(B, C, H', W')``, and int64 ``(B, 3)``: height, width and
            channels of each without its padding.

        Raises:
            DataError: if the images are not of a floating-point type.
        """
        images = list(inputs)
        wrong = {str(x.dtype) for x in images if not x.is_floating_point()}
        if wrong:
            raise DataError(
                f'preprocess takes float32 images, got {", ".join(sorted(wrong))}; '
                'call the model through its data preprocessor, e.g. with test_step'
            )
        if sizes is not None:
            images = [x[..., :h, :w] for x, (h, w) in zip(images, sizes, strict=True)]
        if self.image_resizer is not None:
            images = [self.image_resizer(image) for image in images]
        own = [tuple(image.shape[-2:]) for image in images]
        if len(set(own)) == 1:
            ready = self._ready(torch.stack(images), own)
        else:
            ready = torch.cat([self._ready(image[None], own) for image in images])
        shapes = torch.tensor([[*size, images[0].size(-3)] for size in own])
        return ready, shapes

    def prepared(self, images: Tensor) -> tuple[Tensor, Size]:
        """:meth:`preprocess` of a batch ``(B, C, H, W)`` that is exported.

        Returns:
            The images, and height and width of all without their padding.
        """
        if self.image_resizer is not None:
            images = self.image_resizer(images)
        size = int(images.shape[-2]), int(images.shape[-1])
        return self._ready(images, [size]), size

    def _ready(self, images: Tensor, sizes: Sequence[Size]) -> Tensor:
        """Images of one size as the network takes them, padded for all sizes."""
        step = self.pad_to_multiple
        largest = (max(size[axis] for size in sizes) for axis in (0, 1))
        height, width = (-(-side // step) * step for side in largest)
        ready = self.feature_extractor.preprocess(images)
        right, below = width - int(images.shape[-1]), height - int(images.shape[-2])
        return F.pad(ready, (0, right, 0, below)) if right or below else ready

    def predict(
        self, preprocessed_inputs: Tensor, true_image_shapes: Tensor
    ) -> Predictions:
        """Raw predictions, by name.

        Args:
            preprocessed_inputs: ``(B, C, H, W)``, from :meth:`preprocess`.
            true_image_shapes: ``(B, 3)``, from :meth:`preprocess`.
        """
        raise self._undefined('predict')

    def loss(
        self, prediction_dict: Predictions, true_image_shapes: Tensor
    ) -> dict[str, Tensor]:
        """The losses against what :meth:`provide_groundtruth` was given."""
        raise self._undefined('loss')

    def detect(
        self, prediction_dict: Predictions, true_image_shapes: Tensor
    ) -> list[Detections]:
        """Boxes ``(M, 4)`` in pixels, scores and labels of each image, best first."""
        raise self._undefined('detect')

    def raw_detections(
        self, prediction_dict: Predictions, true_image_shapes: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Boxes of all anchors ``(B, A, 4)`` in pixels, and scores ``(B, A, K)``."""
        raise self._undefined('raw_detections')

    def postprocess(
        self, prediction_dict: Predictions, true_image_shapes: Tensor
    ) -> dict[str, Tensor]:
        """The final detections.

        Args:
            prediction_dict: From :meth:`predict`.
            true_image_shapes: From :meth:`preprocess`.

        Returns:
            ``detection_boxes`` ``(B, M, 4)``, ``detection_scores`` and
            ``detection_classes`` ``(B, M)``, ``num_detections`` ``(B, )``; and before
            suppression ``raw_detection_boxes`` ``(B, A, 4)`` and
            ``raw_detection_scores`` ``(B, A, K)``. Images with fewer detections are
            filled up with zeros.
        """
        found = self.detect(prediction_dict, true_image_shapes)
        sizes = _sizes(true_image_shapes)
        boxes = [normalized(b, s) for (b, _, _), s in zip(found, sizes, strict=True)]
        raw, raw_scores = self.raw_detections(prediction_dict, true_image_shapes)
        raw = [normalized(b, s) for b, s in zip(raw, sizes, strict=True)]
        return dict(
            detection_boxes=pad_sequence(boxes, batch_first=True),
            detection_scores=pad_sequence([s for _, s, _ in found], batch_first=True),
            detection_classes=pad_sequence([c for _, _, c in found], batch_first=True),
            num_detections=torch.tensor([float(len(b)) for b in boxes]),
            raw_detection_boxes=torch.stack(raw),
            raw_detection_scores=raw_scores,
        )

    def provide_groundtruth(
        self,
        groundtruth_boxes_list: Sequence[Tensor],
        groundtruth_classes_list: Sequence[Tensor],
        groundtruth_weights_list: Sequence[Tensor] | None = None,
        groundtruth_is_crowd_list: Sequence[Tensor] | None = None,
    ) -> None:
        """Set the ground truth that :meth:`loss` compares with.

        Args:
            groundtruth_boxes_list: ``(N, 4)`` for each image, ``[y_min, x_min, y_max,
                x_max]`` as fractions of the image.
            groundtruth_classes_list: One-hot ``(N, K)`` for each image.
            groundtruth_weights_list: How much each counts, ``(N, )``.
            groundtruth_is_crowd_list: bool ``(N, )``: regions that are neither learned
                as an object nor as background.
        """
        nothing = [None] * len(groundtruth_boxes_list)
        self._ground_truth = [
            given(*each)
            for each in zip(
                groundtruth_boxes_list,
                groundtruth_classes_list,
                groundtruth_weights_list or nothing,
                groundtruth_is_crowd_list or nothing,
                strict=True,
            )
        ]
        check_objects(self._ground_truth, self.num_classes)

    def groundtruth_has_field(self, field: str) -> bool:
        """Whether ``'boxes'``, ``'classes'`` or ``'weights'`` were given."""
        if self._ground_truth is None:
            return False
        if field == 'weights':
            return any(a.objects.weights is not None for a in self._ground_truth)
        return field in ('boxes', 'classes')

    def groundtruth_lists(self, field: str) -> list[Tensor]:
        """What was given under ``'boxes'``, ``'classes'`` or ``'weights'``.

        Raises:
            RuntimeError: if it was not.
        """
        if not self.groundtruth_has_field(field):
            raise RuntimeError(
                f'the ground truth has no {field}; call provide_groundtruth with it'
            )
        if field == 'boxes':
            return [normalized(a.objects.boxes, a.size) for a in self._ground_truth]
        if field == 'weights':
            return [a.objects.weights for a in self._ground_truth]
        labels = [a.objects.labels for a in self._ground_truth]
        return [F.one_hot(own, self.num_classes).float() for own in labels]

    def regularization_losses(self) -> list[Tensor]:
        """Losses of the weights alone; none, as an optimizer's weight decay is it."""
        return []

    def objects_at(self, true_image_shapes: Tensor) -> list[Any]:
        """The ground truth in pixels of the preprocessed images.

        Raises:
            RuntimeError: if there is none.
        """
        if self._ground_truth is None:
            raise RuntimeError('there is no ground truth; call provide_groundtruth')
        pairs = zip(self._ground_truth, _sizes(true_image_shapes), strict=True)
        return [own.at(size) for own, size in pairs]

    # The call that all models share.

    def forward(
        self,
        inputs: Tensor,
        data_samples: Sequence[DataSample] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """Do what ``mode`` says with images as the data preprocessor leaves them.

        Args:
            inputs: ``(B, C, H, W)``; in ``'predict'`` also images of several sizes.
            data_samples: Their annotations; needed for ``'loss'``: ``gt_bboxes``
                ``(N, 4)``, ``(x1, y1, x2, y2)`` in pixels, ``gt_bboxes_labels``
                ``(N, )`` and if there are any ``gt_ignore_flags`` ``(N, )``.
            mode: ``'tensor'`` for the raw predictions, ``'loss'`` for the losses,
                ``'predict'`` for the samples with ``pred_bboxes``, ``pred_scores`` and
                ``pred_labels``, in pixels of the image as it was loaded.
        """
        if mode == 'loss':
            return self.loss_of_samples(inputs, data_samples)
        return super().forward(inputs, data_samples, mode)

    def forward_tensor(self, inputs: Tensor) -> Predictions:
        """The raw predictions."""
        return self.predict(*self.preprocess(inputs))

    def loss_of_samples(
        self, inputs: Tensor, data_samples: Sequence[DataSample]
    ) -> dict[str, Tensor]:
        """What ``mode='loss'`` gives."""
        if not data_samples:
            raise DataError('a detector learns from samples with gt_bboxes; got none')
        sizes = _image_sizes(inputs, data_samples)
        self._ground_truth = annotated(
            data_samples, sizes, inputs[0].device, self.num_classes
        )
        try:
            images, shapes = self.preprocess(inputs, sizes)
            losses = self.loss(self.predict(images, shapes), shapes)
        finally:
            self._ground_truth = None
        extra = self.regularization_losses()
        return {**losses, 'loss_regularization': extra} if extra else losses

    def predict_samples(
        self, inputs: Tensor, data_samples: Sequence[DataSample] | None
    ) -> Sequence[DataSample]:
        """What ``mode='predict'`` gives for images of one size."""
        if data_samples is None:
            data_samples = [DataSample() for _ in inputs]
        sizes = _image_sizes(inputs, data_samples)
        images, shapes = self.preprocess(inputs, sizes)
        found = self.detect(self.predict(images, shapes), shapes)
        for sample, size, shape, (boxes, scores, labels) in zip(
            data_samples, sizes, _sizes(shapes), found, strict=True
        ):
            sample.set_field(_as_loaded(boxes, sample, size, shape), 'pred_bboxes')
            sample.set_field(scores, 'pred_scores')
            sample.set_field(labels, 'pred_labels')
        return data_samples

    def train(self, mode: bool = True) -> DetectionModel:
        """Set the mode of all but batch norms that are frozen."""
        super().train(mode)
        if self.freeze_batchnorm:
            freeze_norms(self)
        return self


def _sizes(true_image_shapes: Tensor) -> list[Size]:
    return [(h, w) for h, w, _ in true_image_shapes.tolist()]


def _image_sizes(
    inputs: Tensor | Ragged, data_samples: Sequence[DataSample] | SampleBatch
) -> list[Size]:
    """Height and width of the images without the padding of a batch."""
    sizes = []
    for image, sample in zip(inputs, data_samples, strict=True):
        own = tuple(image.shape[-2:])
        known = sample.get('img_shape')
        sizes.append(own if known is None else tuple(map(min, known[:2], own)))
    return sizes


def _as_loaded(boxes: Tensor, sample: DataSample, size: Size, shape: Size) -> Tensor:
    """Boxes in pixels of the image as it was loaded.

    Args:
        boxes: In pixels of what the network saw.
        sample: Knows ``ori_shape``, and ``scale_factor`` as width and height.
        size: Of the image as the pipeline left it.
        shape: Of what the network saw.
    """
    height, width = (old / new for old, new in zip(size, shape, strict=True))
    factor = sample.get('scale_factor')
    loaded = sample.get('ori_shape')
    if factor is not None:
        width, height = width / factor[0], height / factor[1]
    elif loaded is not None:
        height, width = height * loaded[0] / size[0], width * loaded[1] / size[1]
    found = boxes * numbers_like([width, height, width, height], boxes)
    if loaded is None:
        return found
    most = numbers_like([loaded[1], loaded[0]] * 2, found)
    return torch.minimum(found, most)
