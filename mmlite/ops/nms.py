"""Non-maximum suppression without compiled code.

On a CPU, blocks of the best boxes are compared in numpy, and a block is scanned with
whole numbers as sets of bits. Elsewhere a block is solved as a fixed point, of which
the host reads one number, never one a box. Both give what the sequential rule gives.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..errors import ConfigError, DataError, check_choice, check_positive
from .boxes import box_overlaps, large_enough

__all__ = ['batched_nms', 'fixed_point_nms', 'multiclass_nms', 'nms', 'soft_nms']

_BLOCK = 128  # boxes that are compared with each other on a CPU
_LARGE_BLOCK = 2048  # elsewhere
_ROUNDS = 16  # between two looks at whether a block is solved; chains are seldom longer
_MANY = 1000  # boxes from which it pays to look at each class by itself


def nms(
    boxes: Tensor, scores: Tensor, iou_threshold: float, max_out: int | None = None
) -> Tensor:
    """Non-maximum suppression: the boxes that no better one overlaps too much.

    Of equal scores the first counts as the better one, on every device.

    Args:
        boxes: Boxes in pixels.
        scores: What is better; of any scale, but finite.
        iou_threshold: A box goes if its IoU with a better one is larger.
        max_out: Stop at so many; the best ones are the same as without. None is
            all, 0 none.

    Shape:
        boxes: ``(N, 4)``; scores: ``(N, )``.
        returns: int64 ``(M, )``, indices by falling score.

    Raises:
        DataError: if a score is NaN, or the shapes do not fit.
        ConfigError: if ``max_out`` is negative.

    Example:
        >>> boxes = torch.tensor([[0., 0., 9., 9.], [0., 0., 9., 8.], [5., 5., 9., 9.]])
        >>> nms(boxes, torch.tensor([0.5, 0.9, 0.1]), iou_threshold=0.5)
        tensor([1, 2])
    """
    return batched_nms(boxes, scores, None, iou_threshold, max_out)


def batched_nms(
    boxes: Tensor,
    scores: Tensor,
    labels: Tensor | None,
    iou_threshold: float,
    max_out: int | None = None,
) -> Tensor:
    """:func:`nms` in which only boxes of the same class suppress each other.

    Args:
        boxes: Boxes in pixels; negative ones too.
        scores: What is better.
        labels: The class of each, or whatever else sets boxes apart, e.g. the level
            they come from; None is one class.
        iou_threshold: A box goes if its IoU with a better one is larger.
        max_out: Stop at so many, whatever their classes.

    Shape:
        boxes: ``(N, 4)``; scores, labels: ``(N, )``.
        returns: int64 ``(M, )``, indices by falling score.

    Example:
        >>> same = torch.tensor([[0., 0., 9., 9.]]).repeat(3, 1)
        >>> scores, labels = torch.tensor([0.1, 0.3, 0.2]), torch.tensor([0, 1, 1])
        >>> batched_nms(same, scores, labels, iou_threshold=0.5)
        tensor([1, 0])
    """
    _check(boxes, scores, labels)
    _check_most(max_out)
    if boxes.device.type != 'cpu':
        return fixed_point_nms(boxes, scores, labels, iou_threshold, max_out)
    if not len(boxes):
        return torch.zeros(0, dtype=torch.int64)
    values = scores.detach().float().numpy()
    _check_numbers(values)
    order = np.argsort(-values, kind='stable')
    ordered = boxes.detach().float().numpy()[order]
    classes = None if labels is None else labels.numpy()[order]
    if classes is None or len(order) <= _MANY:
        kept = _suppressed(ordered, classes, iou_threshold, max_out)
    else:
        by_class = np.argsort(classes, kind='stable')
        cuts = np.flatnonzero(np.diff(classes[by_class])) + 1
        groups = np.split(by_class, cuts)
        parts = [
            g[_suppressed(ordered[g], None, iou_threshold, max_out)] for g in groups
        ]
        kept = np.sort(np.concatenate(parts))[:max_out]
    return torch.from_numpy(order[kept])


def _check(boxes: Tensor, scores: Tensor, labels: Tensor | None) -> None:
    shapes = [tuple(x.shape) for x in (boxes, scores, labels) if x is not None]
    count = len(boxes)
    if shapes != [(count, 4), (count,), (count,)][: len(shapes)]:
        raise DataError(
            'boxes must be (N, 4), scores and labels (N, ), got '
            f'{", ".join(map(str, shapes))}'
        )


def _check_numbers(scores: np.ndarray) -> None:
    if nans := int(np.isnan(scores).sum()):
        raise DataError(
            f'{nans} of {len(scores)} scores are NaN; a model that gives them has '
            'diverged; lower its learning rate'
        )


def _check_most(max_out: int | None) -> None:
    if max_out is not None and max_out < 0:
        raise ConfigError(
            'at most max_out (max_per_img) boxes are kept, so that it is at least 0; '
            f'None keeps all; got {max_out}'
        )


def _suppressed(
    boxes: np.ndarray, classes: np.ndarray | None, threshold: float, most: int | None
) -> np.ndarray:
    """Places of what is kept of boxes by falling score."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    alive = np.arange(len(boxes))
    kept: list[np.ndarray] = []
    count = 0
    while len(alive) and (most is None or count < most):
        block, rest = alive[:_BLOCK], alive[_BLOCK:]
        among = _overlapping(boxes, areas, classes, block, block, threshold)
        best = block[_scan(among)]
        kept.append(best)
        count += len(best)
        if len(rest):
            hit = _overlapping(boxes, areas, classes, best, rest, threshold).any(0)
            rest = rest[~hit]
        alive = rest
    return np.concatenate(kept)[:most] if kept else alive[:0]


def _overlapping(
    boxes: np.ndarray,
    areas: np.ndarray,
    classes: np.ndarray | None,
    rows: np.ndarray,
    columns: np.ndarray,
    threshold: float,
) -> np.ndarray:
    x1, y1, x2, y2 = boxes[rows].T[:, :, None]
    u1, v1, u2, v2 = boxes[columns].T[:, None]
    width = np.minimum(x2, u2) - np.maximum(x1, u1)
    height = np.minimum(y2, v2) - np.maximum(y1, v1)
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    union = areas[rows, None] + areas[columns] - shared
    # Boxes without an area share nothing: 0 of 0 is no overlap.
    iou = shared / np.where(union > 0, union, 1)
    hit = iou > np.float32(threshold)
    if classes is not None:
        hit &= classes[rows, None] == classes[columns]
    return hit


def _scan(hit: np.ndarray) -> list[int]:
    """Which of a block stay, going from the best to the worst."""
    packed = np.packbits(hit, axis=1, bitorder='little')
    masks = [int.from_bytes(row.tobytes(), 'little') for row in packed]
    gone, kept = 0, []
    for place, mask in enumerate(masks):
        if not gone >> place & 1:
            kept.append(place)
            gone |= mask
    return kept


def fixed_point_nms(
    boxes: Tensor,
    scores: Tensor,
    labels: Tensor | None,
    iou_threshold: float,
    max_out: int | None = None,
) -> Tensor:
    """:func:`batched_nms` in few large steps, as it is done on a GPU.

    Of a block of the best boxes all are kept at first. A round then keeps those that
    no kept and better one overlaps; what is kept no longer changes after as many
    rounds as boxes suppress each other in a chain. NaN scores are dropped. The host
    reads one number every 16 rounds, so mostly once a block of 2048 boxes, and once
    more where another block follows.

    Args:
        boxes: Boxes in pixels.
        scores: What is better.
        labels: The class of each, or None.
        iou_threshold: A box goes if its IoU with a better one is larger.
        max_out: Stop at so many.

    Shape:
        boxes: ``(N, 4)``; scores, labels: ``(N, )``.
        returns: int64 ``(M, )``, indices by falling score.
    """
    _check_most(max_out)
    boxes, scores = boxes.detach().float(), scores.detach().float()
    number = scores.isnan()
    order = torch.where(number, -torch.inf, scores).argsort(
        descending=True, stable=True
    )
    alive, kept, count = order, [], 0
    while len(alive) and (max_out is None or count < max_out):
        block, rest = alive[:_LARGE_BLOCK], alive[_LARGE_BLOCK:]
        hit = _hits(boxes, labels, block, block, iou_threshold).triu(1).float()
        keep, found = _settled((~number[block]).float(), hit)
        best = block[keep.argsort(descending=True, stable=True)[:found]]
        kept.append(best)
        count += found
        if len(rest):
            rest = rest[~_hits(boxes, labels, best, rest, iou_threshold).any(0)]
        alive = rest
    return torch.cat(kept)[:max_out] if kept else alive[:0]


def _settled(free: Tensor, hit: Tensor) -> tuple[Tensor, int]:
    """Which of a block stay, 1 or 0 each, and how many.

    Args:
        free: 1 for what may stay, ``(N, )``.
        hit: 1 where the box of a row overlaps a worse one too much, ``(N, N)``.
    """
    keep = before = free
    while True:
        for _ in range(_ROUNDS):
            before, keep = keep, free * (keep @ hit == 0)
        found = int(torch.where((before == keep).all(), keep.sum(), -1))
        if found >= 0:
            return keep, found


def _hits(
    boxes: Tensor, labels: Tensor | None, rows: Tensor, columns: Tensor, thr: float
) -> Tensor:
    hit = box_overlaps(boxes[rows], boxes[columns]) > thr
    if labels is not None:
        hit &= labels[rows, None] == labels[columns]
    return hit


def soft_nms(
    boxes: Tensor,
    scores: Tensor,
    iou_threshold: float = 0.3,
    sigma: float = 0.5,
    min_score: float = 1e-3,
    method: str = 'gaussian',
) -> tuple[Tensor, Tensor]:
    """Soft-NMS: lower the scores of boxes that better ones overlap.

    Paper: Soft-NMS, ICCV 2017, https://arxiv.org/abs/1704.04503

    Args:
        boxes: Boxes in pixels.
        scores: Fractions.
        iou_threshold: From which IoU ``'linear'`` takes effect.
        sigma: Width of ``'gaussian'``.
        min_score: Boxes whose score falls below are dropped.
        method: ``'gaussian'``: times ``exp(-IoU² / sigma)``; ``'linear'``: times
            ``1 - IoU``.

    Shape:
        boxes: ``(N, 4)``; scores: ``(N, )``.
        returns: indices ``(M, )`` by falling new score, and the scores ``(M, )``.

    Raises:
        ValueError: if there is no such method, or ``sigma`` is not above 0.
        DataError: if scores are NaN.

    Example:
        >>> same = torch.tensor([[0., 0., 9., 9.]]).repeat(2, 1)
        >>> soft_nms(same, torch.tensor([0.9, 0.8]))[1]
        tensor([0.9000, 0.1083])
    """
    check_choice(('gaussian', 'linear'), method=method)
    check_positive(sigma=sigma)
    _check(boxes, scores, None)
    overlaps = box_overlaps(boxes, boxes).detach().cpu().double().numpy()
    if method == 'linear':
        factors = np.where(overlaps > iou_threshold, 1 - overlaps, 1.0)
    else:
        factors = np.exp(-(overlaps**2) / sigma)
    left = scores.detach().cpu().double().numpy().copy()
    _check_numbers(left)
    final, kept = left.copy(), []
    for _ in range(len(left)):
        best = int(left.argmax())
        if not left[best] >= min_score:
            break
        kept.append(best)
        final[best] = left[best]
        left *= factors[best]
        left[kept] = -1
    indices = torch.tensor(kept, dtype=torch.int64)
    values = torch.from_numpy(final)[indices]
    return indices.to(boxes.device), values.to(scores)


def multiclass_nms(
    boxes: Tensor,
    scores: Tensor,
    score_thr: float,
    iou_threshold: float,
    max_per_img: int,
    nms_pre: int | None = None,
    min_size: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """The final boxes of one image from scores of all classes.

    Args:
        boxes: Boxes in pixels, for all classes or each by itself.
        scores: Scores without a background class.
        score_thr: A box needs a larger score.
        iou_threshold: See :func:`batched_nms`.
        max_per_img: How many boxes are left at most.
        nms_pre: How many boxes of each class are looked at, the best ones.
        min_size: Smaller boxes are dropped, in pixels.

    Shape:
        boxes: ``(N, 4)`` or ``(N, K, 4)``; scores: ``(N, K)``.
        returns: boxes ``(M, 4)``, scores ``(M, )``, labels ``(M, )``, the best first.

    Example:
        >>> boxes = torch.tensor([[0., 0., 9., 9.], [0., 0., 9., 8.]])
        >>> scores = torch.tensor([[0.9, 0.1], [0.8, 0.7]])
        >>> multiclass_nms(boxes, scores, 0.5, 0.5, max_per_img=100)[1:]
        (tensor([0.9000, 0.7000]), tensor([0, 1]))
    """
    chosen = ~(scores <= score_thr)  # NaN too, which suppression refuses
    if nms_pre is not None and nms_pre < len(scores):
        best = scores.topk(nms_pre, dim=0).indices
        chosen &= torch.zeros_like(chosen).scatter(0, best, True)
    # By class, then by place: the order that decides between equal scores.
    labels, places = chosen.t().nonzero(as_tuple=True)
    found = boxes[places, labels] if boxes.ndim == 3 else boxes[places]
    values = scores[places, labels]
    if min_size:
        fits = large_enough(found, min_size)
        found, values, labels = found[fits], values[fits], labels[fits]
    kept = batched_nms(found, values, labels, iou_threshold, max_per_img)
    return found[kept], values[kept], labels[kept]
