"""What an exported detector gives."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from ...errors import UserError
from ...ops import ABSENT
from .ground_truth import normalized

__all__ = ['Exporting']

Size = tuple[int, int]
Static = tuple[Tensor, Tensor, Tensor]


class Exporting:
    """What :class:`DetectionModel` gives to programs without mmlite.

    Override:
        static_raw: boxes and scores before suppression, of tensors of fixed sizes.
        static_detections: the same and the final boxes.
    """

    exports_any_size: ClassVar[bool] = False  # anchors are those of one size
    exported_rows: ClassVar[tuple[tuple[str, ...], ...]] = (
        (
            'detection_boxes',
            'detection_scores',
            'detection_classes',
            'num_detections',
        ),
    )

    def export_outputs(self, inputs: Tensor) -> dict[str, Tensor]:
        """The final detections, and what they are made of.

        ``detection_boxes`` ``(B, M, 4)``, ``detection_scores`` and
        ``detection_classes`` ``(B, M)`` and ``num_detections`` ``(B, )``, filled up
        with zeros; ``raw_detection_boxes`` ``(B, A, 4)`` and ``raw_detection_scores``
        ``(B, A, K)`` before suppression. Boxes are ``[y_min, x_min, y_max, x_max]`` as
        fractions of the image.
        """
        images, size = self.prepared(inputs)
        found, raw = self.static_detections(images, size)
        return {**self.named_detections(found, size), **_named(raw, size)}

    def named_detections(self, found: Static, size: Size) -> dict[str, Tensor]:
        """What :meth:`static_detections` gives as it is exported."""
        boxes, scores, labels = found
        there = scores > ABSENT / 2
        return dict(
            detection_boxes=normalized(boxes, size),
            detection_scores=scores * there,
            detection_classes=labels,
            num_detections=there.sum(dim=1).float(),
        )

    def program_outputs(self, inputs: Tensor) -> dict[str, Tensor]:
        """What a program of ``torch.export`` gives: boxes before suppression."""
        images, size = self.prepared(inputs)
        return _named(self.static_raw(images, size), size)

    def static_raw(self, images: Tensor, size: Size) -> tuple[Tensor, Tensor]:
        """Boxes ``(B, A, 4)`` in pixels and scores ``(B, A, K)``.

        Args:
            images: ``(B, C, H, W)``, preprocessed.
            size: Height and width of them without padding.
        """
        raise UserError(
            f'torch.export cannot record the suppression within {type(self).__name__}; '
            "export it with format='onnx'"
        )

    def static_detections(
        self, images: Tensor, size: Size
    ) -> tuple[Static, tuple[Tensor, Tensor]]:
        """Boxes, scores and labels ``(B, M)``, and what they are made of."""
        raise NotImplementedError(
            f'{type(self).__name__} has to define static_detections'
        )


def _named(raw: tuple[Tensor, Tensor], size: Size) -> dict[str, Tensor]:
    boxes, scores = raw
    return dict(
        raw_detection_boxes=normalized(boxes, size), raw_detection_scores=scores
    )
