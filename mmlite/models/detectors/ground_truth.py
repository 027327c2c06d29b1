"""The ground truth of a batch, and boxes as fractions of the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ...errors import DataError
from ...structures import DataSample, Objects

__all__ = ['Annotated', 'annotated', 'check_objects', 'given', 'normalized']

Size = tuple[float, float]


def normalized(boxes: Tensor, size: Size) -> Tensor:
    """Boxes at the interface: ``[y_min, x_min, y_max, x_max]``, fractions of the image.

    Args:
        boxes: ``(x1, y1, x2, y2)`` in pixels.
        size: Height and width of the image.

    Shape:
        boxes: ``(*, 4)``; returns: the same.

    Example:
        >>> normalized(torch.tensor([0., 2., 5., 4.]), size=(4, 10))
        tensor([0.5000, 0.0000, 1.0000, 0.5000])
    """
    height, width = size
    scale = boxes.new_tensor([height, width, height, width])
    return boxes[..., [1, 0, 3, 2]] / scale


def in_pixels(boxes: Tensor, size: Size) -> Tensor:
    """The reverse of :func:`normalized`."""
    height, width = size
    return boxes[..., [1, 0, 3, 2]] * boxes.new_tensor([width, height, width, height])


class Annotated(NamedTuple):
    """The objects of an image, in pixels of an image of a size.

    Args:
        objects: The objects.
        size: Height and width of the image.
    """

    objects: Objects
    size: Size

    def at(self, size: Size) -> Objects:
        """The objects where the image is resized to another size."""
        if tuple(size) == tuple(self.size):
            return self.objects
        height, width = (new / old for new, old in zip(size, self.size, strict=True))
        boxes = self.objects.boxes
        scale = boxes.new_tensor([width, height, width, height])
        ignored = self.objects.ignored
        if ignored is not None:
            ignored = ignored * scale
        return self.objects._replace(boxes=boxes * scale, ignored=ignored)


def annotated(sample: DataSample, size: Size, device: torch.device) -> Annotated:
    """What a sample says about its image.

    Objects under ``gt_ignore_flags``, and boxes without an area, are not learned from.

    Raises:
        DataError: if there are no boxes or labels, or they do not fit each other.
    """
    missing = [name for name in ('gt_bboxes', 'gt_bboxes_labels') if name not in sample]
    if missing:
        raise DataError(
            f'a detector learns from gt_bboxes and gt_bboxes_labels, but'
            f'{_image(sample)} has no {" and no ".join(missing)}; it has '
            f'{sorted(sample.keys())}'
        )
    boxes = sample.gt_bboxes.to(device).reshape(-1, 4)
    labels = sample.gt_bboxes_labels.to(device).long()
    ignore = sample.get('gt_ignore_flags')
    if len(boxes) != len(labels) or (ignore is not None and len(ignore) != len(boxes)):
        raise DataError(
            f'{_image(sample).strip()} has {len(boxes)} gt_bboxes, {len(labels)} '
            f'gt_bboxes_labels and {"no" if ignore is None else len(ignore)} '
            'gt_ignore_flags'
        )
    boxes = boxes.float()
    proper = (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
    if ignore is None:
        return Annotated(Objects(boxes[proper], labels[proper]), size)
    ignore = ignore.to(device).bool()
    kept = proper & ~ignore
    return Annotated(
        Objects(boxes[kept], labels[kept], ignored=boxes[proper & ignore]), size
    )


def _image(sample: DataSample) -> str:
    path = sample.get('img_path')
    return f' the sample of {path}' if path else ' a sample'


def given(
    boxes: Tensor, classes: Tensor, weights: Tensor | None, crowd: Tensor | None
) -> Annotated:
    """What ``provide_groundtruth`` is given of one image.

    Args:
        boxes: As :func:`normalized` gives them, ``(N, 4)``.
        classes: A row with one 1 for each, ``(N, K)``.
        weights: How much each counts, ``(N, )``.
        crowd: Which of them are crowds, ``(N, )``.

    Raises:
        DataError: if a row of classes has not exactly one class.
    """
    if classes.ndim != 2 or len(classes) != len(boxes):
        raise DataError(
            f'classes are one row for each of the {len(boxes)} boxes, (N, K), '
            f'got {tuple(classes.shape)}'
        )
    if len(classes) and not bool((classes.gt(0).sum(dim=1) == 1).all()):
        raise DataError(
            'each row of the classes has one 1; a box of several classes is not '
            'supported, give it once for each'
        )
    labels = classes.argmax(dim=1) if len(classes) else classes.new_zeros(0).long()
    own = in_pixels(boxes, (1.0, 1.0))
    if crowd is None:
        return Annotated(Objects(own, labels, weights), (1.0, 1.0))
    kept = ~crowd.bool()
    weights = None if weights is None else weights[kept]
    return Annotated(Objects(own[kept], labels[kept], weights, own[~kept]), (1.0, 1.0))


def check_objects(found: Sequence[Annotated], num_classes: int) -> None:
    """Refuse labels and boxes that nothing can be learned from.

    The device is read once for the whole batch.

    Raises:
        DataError: naming the first of them.
    """
    labels = torch.cat([a.objects.labels for a in found])
    boxes = torch.cat([a.objects.boxes for a in found])
    odd = (labels < 0) | (labels >= num_classes)
    unknown = ~boxes.isfinite().all(dim=1)
    if not bool((odd | unknown).any()):
        return
    place = next(i for i, a in enumerate(found) if _is_odd(a.objects, num_classes))
    objects = found[place].objects
    raise DataError(
        f'sample {place} of the batch has the labels {objects.labels.tolist()} and the '
        f'boxes {objects.boxes.tolist()}; labels are from 0 to {num_classes - 1} '
        '(num_classes - 1), boxes finite'
    )


def _is_odd(objects: Objects, num_classes: int) -> bool:
    labels = objects.labels
    if bool(((labels < 0) | (labels >= num_classes)).any()):
        return True
    return not bool(objects.boxes.isfinite().all())
