"""The ground truth of a batch, and boxes as fractions of the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...errors import DataError
from ...ops import numbers_like
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
    scale = numbers_like([height, width, height, width], boxes)
    return _other_axis_first(boxes) / scale


def in_pixels(boxes: Tensor, size: Size) -> Tensor:
    """The reverse of :func:`normalized`."""
    height, width = size
    scale = numbers_like([width, height, width, height], boxes)
    return _other_axis_first(boxes) * scale


def _other_axis_first(boxes: Tensor) -> Tensor:
    return boxes.unflatten(-1, (2, 2)).flip(-1).flatten(-2)


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
        scale = numbers_like([width, height, width, height], boxes)
        ignored = self.objects.ignored
        if ignored is not None:
            ignored = ignored * scale
        return self.objects._replace(boxes=boxes * scale, ignored=ignored)


def annotated(
    samples: Sequence[DataSample],
    sizes: Sequence[Size],
    device: torch.device,
    num_classes: int,
) -> list[Annotated]:
    """What the samples of a batch say about their images.

    Objects under ``gt_ignore_flags``, and boxes without an area, are not learned from,
    but the edges of all boxes have to be finite. The device is read once for the whole
    batch.

    Args:
        samples: The samples.
        sizes: Height and width of their images.
        device: Where the ground truth is needed.
        num_classes: Number of classes ``K``.

    Raises:
        DataError: if there are no boxes or labels, they do not fit each other, or
            nothing can be learned from them.
    """
    given = [_fields(sample, device) for sample in samples]
    counts = [len(boxes) for boxes, _, _ in given]
    boxes, labels, ignore = (torch.cat(part) for part in zip(*given, strict=True))
    proper = (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
    unknown = _unknown(boxes)
    odd = _odd(labels, num_classes)
    flags = torch.stack([proper, ignore, odd, unknown])
    found = []
    flags = np.split(flags.cpu().numpy(), np.cumsum(counts)[:-1], axis=1)
    rows = zip(given, flags, sizes, strict=True)
    for place, ((boxes, labels, _), own, size) in enumerate(rows):
        proper, ignore, odd, unknown = own
        kept = proper & ~ignore
        if (kept & odd | unknown).any():
            named = kept | unknown
            labels, boxes = _chosen(labels, named), _chosen(boxes, named)
            raise _unusable(place, labels, boxes, num_classes)
        objects = Objects(
            _chosen(boxes, kept),
            _chosen(labels, kept),
            ignored=_chosen(boxes, proper & ignore) if ignore.any() else None,
        )
        found.append(Annotated(objects, size))
    return found


def _fields(sample: DataSample, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The boxes, labels and flags of a sample."""
    missing = [name for name in ('gt_bboxes', 'gt_bboxes_labels') if name not in sample]
    if missing:
        raise DataError(
            f'a detector learns from gt_bboxes and gt_bboxes_labels, but'
            f'{_image(sample)} has no {" and no ".join(missing)}; it has '
            f'{sorted(sample.keys())}'
        )
    boxes = sample.gt_bboxes.to(device, non_blocking=True).reshape(-1, 4)
    labels = sample.gt_bboxes_labels.to(device, non_blocking=True).long()
    ignore = sample.get('gt_ignore_flags')
    if len(boxes) != len(labels) or (ignore is not None and len(ignore) != len(boxes)):
        raise DataError(
            f'{_image(sample).strip()} has {len(boxes)} gt_bboxes, {len(labels)} '
            f'gt_bboxes_labels and {"no" if ignore is None else len(ignore)} '
            'gt_ignore_flags'
        )
    if ignore is None:
        ignore = torch.zeros_like(labels)
    return boxes.float(), labels, ignore.to(device, non_blocking=True).bool()


def _chosen(values: Tensor, mask: np.ndarray) -> Tensor:
    """The rows that a mask names."""
    if mask.all():
        return values
    places = torch.from_numpy(np.flatnonzero(mask))
    return values[places.to(values.device, non_blocking=True)]


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
        DataError: if a row of classes does not have exactly one class.
    """
    if classes.ndim != 2 or len(classes) != len(boxes):
        raise DataError(
            f'classes must be one row for each of the {len(boxes)} boxes, (N, K), '
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
    wrong = [
        torch.cat([_odd(a.objects.labels, num_classes), _unknown(_all_boxes(a))])
        for a in found
    ]
    if not bool(torch.cat(wrong).any()):
        return
    place = next(place for place, each in enumerate(wrong) if bool(each.any()))
    labels, boxes = found[place].objects.labels, _all_boxes(found[place])
    raise _unusable(place, labels, boxes, num_classes)


def _all_boxes(found: Annotated) -> Tensor:
    """The boxes of the objects and those of ignored regions."""
    boxes, ignored = found.objects.boxes, found.objects.ignored
    return boxes if ignored is None else torch.cat([boxes, ignored])


def _odd(labels: Tensor, num_classes: int) -> Tensor:
    """Which labels are no class."""
    return (labels < 0) | (labels >= num_classes)


def _unknown(boxes: Tensor) -> Tensor:
    """Which boxes have an edge that is NaN or infinite."""
    return ~boxes.isfinite().all(dim=1)


def _unusable(place: int, labels: Tensor, boxes: Tensor, num_classes: int) -> DataError:
    return DataError(
        f'sample {place} of the batch has the labels {labels.tolist()} and the '
        f'boxes {boxes.tolist()}; labels are from 0 to {num_classes - 1} '
        '(num_classes - 1), boxes finite'
    )
