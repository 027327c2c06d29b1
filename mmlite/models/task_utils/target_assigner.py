"""What the anchors of an image should become."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ...ops import box_overlaps
from ...registry import TASK_UTILS
from .matchers import BACKGROUND, IGNORED

__all__ = ['TargetAssigner', 'Targets']


class Targets(NamedTuple):
    """What the anchors of one image should become.

    Args:
        matches: Index of the object, -1 for background, -2 for ignored, ``(A, )``.
        labels: Class of the object, -1 for background, -2 for ignored, ``(A, )``.
        weights: Weight of the classification, ``(A, )``: that of the object, the
            negative one, or 0.
        objects: The boxes of the objects, ``(N, 4)`` in pixels.
    """

    matches: Tensor
    labels: Tensor
    weights: Tensor
    objects: Tensor

    def boxes(self, anchors: Tensor) -> Tensor:
        """The box of the object of each anchor, and its own where there is none.

        Args:
            anchors: What was matched, ``(A, 4)``.
        """
        return _of_objects(self.matches, self.objects, anchors)


@TASK_UTILS.register_module()
class TargetAssigner:
    """Match the anchors of an image with its objects.

    Args:
        matcher: Config of the matcher, or the matcher itself.
        similarity: What is compared, one of :data:`~mmlite.ops.boxes.OVERLAPS`.
        negative_class_weight: Weight of background in the classification.
        ignore_iof_thr: An anchor without an object is ignored if so large a share of
            it lies in one box that is to be ignored, e.g. a crowd.

    Example:
        >>> assigner = TargetAssigner(dict(type='ArgMaxMatcher'))
        >>> anchors = torch.tensor([[0., 0., 4., 4.], [8., 8., 9., 9.]])
        >>> boxes = torch.tensor([[0., 0., 4., 5.]])
        >>> assigner.assign(anchors, boxes, torch.tensor([7])).labels
        tensor([ 7, -1])
    """

    def __init__(
        self,
        matcher: dict | Callable[[Tensor], Tensor],
        similarity: str = 'iou',
        negative_class_weight: float = 1.0,
        ignore_iof_thr: float = 0.5,
    ) -> None:
        if isinstance(matcher, dict):
            matcher = TASK_UTILS.build(matcher)
        self.matcher = matcher
        self.similarity = similarity
        self.negative_class_weight = negative_class_weight
        self.ignore_iof_thr = ignore_iof_thr

    @torch.no_grad()
    def assign(
        self,
        anchors: Tensor,
        boxes: Tensor,
        labels: Tensor,
        weights: Tensor | None = None,
        ignored: Tensor | None = None,
    ) -> Targets:
        """The targets of one image.

        Args:
            anchors: Boxes that are to be matched, ``(A, 4)`` in pixels.
            boxes: The objects, ``(N, 4)`` in pixels.
            labels: Their classes, ``(N, )``.
            weights: Their weights, ``(N, )``; those without one do not count. None
                is 1 each.
            ignored: Regions in which nothing is background, ``(M, 4)`` in pixels.
        """
        overlaps = box_overlaps(boxes, anchors, self.similarity)
        if weights is not None:
            overlaps = overlaps * (weights > 0)[:, None]
        matches = self.matcher(overlaps)
        if ignored is not None and len(ignored):
            share = box_overlaps(anchors, ignored, 'iof').amax(dim=1)
            inside = share > self.ignore_iof_thr
            matches = torch.where(inside & (matches == BACKGROUND), IGNORED, matches)
        found = _of_objects(matches, labels, matches)
        weight = anchors.new_full(matches.shape, self.negative_class_weight)
        weight = weight.masked_fill(matches == IGNORED, 0.0)
        own = anchors.new_ones(len(boxes)) if weights is None else weights.to(weight)
        weight = _of_objects(matches, own, weight)
        return Targets(matches, found, weight, boxes)


def _of_objects(matches: Tensor, values: Tensor, others: Tensor) -> Tensor:
    """The value of the object of each anchor, without a wait for a GPU.

    Args:
        matches: Index of the object, below 0 for none, ``(A, )``.
        values: Of each object, ``(N, *)``.
        others: What an anchor has instead that has no object, ``(A, *)``.
    """
    if not len(values):
        return others
    has_one = (matches >= 0).view(-1, *[1] * (values.ndim - 1))
    return torch.where(has_one, values[matches.clamp(min=0)], others)
