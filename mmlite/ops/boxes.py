"""Boxes in pixels: areas, overlaps, and the change of their corners."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import check_choice
from .precision import at_least_float32

__all__ = [
    'OVERLAPS',
    'box_area',
    'box_overlaps',
    'centered_to_corners',
    'clip_boxes',
    'corners_to_centered',
    'large_enough',
    'paired_overlaps',
]

#: What is compared with what two boxes share.
OVERLAPS = ('iou', 'iof', 'giou', 'diou', 'ciou')

_TINY = 1e-7


def box_area(boxes: Tensor) -> Tensor:
    """Width times height, in square pixels.

    Shape:
        boxes: ``(*, 4)``, ``(x1, y1, x2, y2)``; returns: ``(*, )``.

    Example:
        >>> box_area(torch.tensor([[0., 0., 2., 3.]]))
        tensor([6.])
    """
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def box_overlaps(a: Tensor, b: Tensor, kind: str = 'iou') -> Tensor:
    """How much each box of one set overlaps each of another.

    - ``'iou'``: the shared area over that of both together;
    - ``'iof'``: the shared area over that of the first;
    - ``'giou'``: IoU less the empty share of the smallest box around both, from -1
      (https://arxiv.org/abs/1902.09630);
    - ``'diou'``: IoU less the squared distance of the centres over that of the corners
      of the box around both (https://arxiv.org/abs/1911.08287);
    - ``'ciou'``: ``'diou'`` less a term for other proportions.

    A box without an area overlaps nothing.

    Args:
        a: The boxes of the rows.
        b: The boxes of the columns.
        kind: One of :data:`OVERLAPS`.

    Shape:
        a: ``(N, 4)``; b: ``(M, 4)``; returns: ``(N, M)``.

    Raises:
        ValueError: if there is no such kind.

    Example:
        >>> a, b = torch.tensor([[0., 0., 2., 2.]]), torch.tensor([[1., 0., 3., 2.]])
        >>> box_overlaps(a, b)
        tensor([[0.3333]])
        >>> box_overlaps(a, b, 'iof')
        tensor([[0.5000]])
    """
    return paired_overlaps(a[:, None], b[None], kind)


def paired_overlaps(a: Tensor, b: Tensor, kind: str = 'iou') -> Tensor:
    """How much boxes overlap that lie at the same place of two tensors.

    Args:
        a: The first boxes.
        b: The second ones.
        kind: See :func:`box_overlaps`.

    Shape:
        a, b: ``(*, 4)``, broadcast; returns: ``(*, )``.

    Example:
        >>> paired_overlaps(torch.tensor([0., 0., 2., 2.]),
        ...                 torch.tensor([2., 0., 4., 2.]), 'giou')
        tensor(0.)
    """
    check_choice(OVERLAPS, kind=kind)
    a, b = at_least_float32(a), at_least_float32(b)  # areas are large
    shared = _span(torch.minimum, torch.maximum, a, b).clamp(min=0).prod(-1)
    area = box_area(a)
    if kind == 'iof':
        return _share(shared, area)
    union = area + box_area(b) - shared
    iou = _share(shared, union)
    if kind == 'iou':
        return iou
    around = _span(torch.maximum, torch.minimum, a, b).clamp(min=0)
    if kind == 'giou':
        hull = around.prod(-1)
        return iou - _share(hull - union, hull)
    apart = (_center(a) - _center(b)).square().sum(-1)
    diou = iou - apart / (around.square().sum(-1) + _TINY)
    if kind == 'diou':
        return diou
    unlike = (4 / torch.pi**2) * (_slant(b) - _slant(a)).square()
    return diou - unlike.square() / (1 - iou + unlike + _TINY)


def _span(upper, lower, a: Tensor, b: Tensor) -> Tensor:
    return upper(a[..., 2:], b[..., 2:]) - lower(a[..., :2], b[..., :2])


def _share(part: Tensor, whole: Tensor) -> Tensor:
    """A quotient that is 0, and has a gradient of 0, where the whole is empty."""
    empty = whole <= 0
    return torch.where(empty, 0.0, part / torch.where(empty, 1.0, whole))


def _center(boxes: Tensor) -> Tensor:
    return (boxes[..., :2] + boxes[..., 2:]) / 2


def _slant(boxes: Tensor) -> Tensor:
    width, height = (boxes[..., 2:] - boxes[..., :2]).unbind(-1)
    return torch.atan(width / height.clamp(min=_TINY))


def clip_boxes(boxes: Tensor, size: Sequence[float]) -> Tensor:
    """The part of boxes that lies in an image.

    Args:
        boxes: Boxes in pixels.
        size: Height and width of the image.

    Shape:
        boxes: ``(*, 4)``; returns: the same.

    Example:
        >>> clip_boxes(torch.tensor([-1., 2., 9., 9.]), size=(4, 6))
        tensor([0., 2., 6., 4.])
    """
    height, width = size
    x = boxes[..., 0::2].clamp(0, width)
    y = boxes[..., 1::2].clamp(0, height)
    return torch.stack([x, y], dim=-1).flatten(-2)


def large_enough(boxes: Tensor, min_size: float) -> Tensor:
    """Which boxes are so wide and so high at least.

    Shape:
        boxes: ``(*, 4)``; returns: bool ``(*, )``.

    Example:
        >>> large_enough(torch.tensor([[0., 0., 5., 1.], [0., 0., 5., 5.]]), 2)
        tensor([False,  True])
    """
    return (boxes[..., 2:] - boxes[..., :2]).amin(-1) >= min_size


def corners_to_centered(boxes: Tensor) -> Tensor:
    """``(x1, y1, x2, y2)`` as centre, width and height.

    Shape:
        boxes: ``(*, 4)``; returns: the same.

    Example:
        >>> corners_to_centered(torch.tensor([0., 0., 2., 6.]))
        tensor([1., 3., 2., 6.])
    """
    size = boxes[..., 2:] - boxes[..., :2]
    return torch.cat([boxes[..., :2] + size / 2, size], dim=-1)


def centered_to_corners(boxes: Tensor) -> Tensor:
    """Centre, width and height as ``(x1, y1, x2, y2)``.

    Shape:
        boxes: ``(*, 4)``; returns: the same.

    Example:
        >>> centered_to_corners(torch.tensor([1., 3., 2., 6.]))
        tensor([0., 0., 2., 6.])
    """
    half = boxes[..., 2:] / 2
    return torch.cat([boxes[..., :2] - half, boxes[..., :2] + half], dim=-1)
