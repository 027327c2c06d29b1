"""Average precision and recall of boxes as COCO defines them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from .box_overlaps import Detections, Objects, overlaps, ranks_within

__all__ = ['AREAS', 'IOU_THRS', 'MAX_DETS', 'CocoCurves', 'coco_curves']

Array = np.ndarray

IOU_THRS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
MAX_DETS = (1, 10, 100)
#: Range of areas in square pixels, by name.
AREAS = {
    'all': (0.0, 1e10),
    's': (0.0, 32.0**2),
    'm': (32.0**2, 96.0**2),
    'l': (96.0**2, 1e10),
}

_TOGETHER = 2**22  # candidates that are looked at at once, at most


class CocoCurves(NamedTuple):
    """Precision and recall; -1 where there is no object.

    Args:
        precision: At 101 recalls, of the most detections an image, ``(T, 101, K, A)``.
        recall: The most that is reached, by number of detections, ``(T, K, A, M)``.
        num_objects: How many objects count, ``(K, A)``.
    """

    precision: Array
    recall: Array
    num_objects: Array


class _Matches(NamedTuple):
    """Detections ordered by class and score, and what each of them met."""

    label: Array  # (N, )
    rank: Array  # (N, ), in its image and class
    hit: Array  # (A, T, N)
    ignored: Array  # (A, T, N)


def coco_curves(
    detections: Detections,
    objects: Objects,
    num_classes: int,
    iou_thrs: Sequence[float] = tuple(IOU_THRS),
    max_dets: Sequence[int] = MAX_DETS,
    areas: Sequence[tuple[float, float]] = tuple(AREAS.values()),
) -> CocoCurves:
    """Precision and recall of detections against objects.

    Paper: Microsoft COCO: Common Objects in Context, ECCV 2014,
    https://arxiv.org/abs/1405.0312; the rules are those of pycocotools. In an image,
    the detections of a class are taken by falling score; each takes the free object
    that it overlaps most, at least by the threshold, and an ignored one only if there
    is no other. What takes an ignored one, or takes none and is not of the range of
    areas, does not count.

    Args:
        detections: The detections; ties of scores keep the order.
        objects: The objects; the ignored are crowds, of which a detection need only
            lie inside, and which several may take.
        num_classes: Number of classes ``K``.
        iou_thrs: Thresholds of the intersection over union ``T``.
        max_dets: Most detections an image and class, rising, ``M`` of them.
        areas: Ranges of areas ``A``.

    Example:
        >>> box = np.array([[0, 0, 8, 8], [9, 0, 17, 8], [18, 0, 26, 8.]])
        >>> zero, no = np.zeros(3, int), np.zeros(3, bool)
        >>> found = Detections(zero[:2], zero[:2], box[:2], np.array([0.9, 0.8]))
        >>> gold = Objects(zero, zero, box, no, np.full(3, 64.))
        >>> round(coco_curves(found, gold, 1).precision[0, :, 0, 0].mean() * 101)
        67
    """
    thrs = np.minimum(np.asarray(iou_thrs, float), 1 - 1e-10)
    low, high = np.asarray(areas, float).T
    outside = (objects.area < low[:, None]) | (objects.area > high[:, None])
    skipped = objects.ignore | outside  # (A, N)
    found = _best(detections, num_classes, max_dets[-1])
    matches = _matched(found, objects, skipped, num_classes, thrs, (low, high))
    counts = np.stack(
        [np.bincount(objects.label[~row], minlength=num_classes) for row in skipped], -1
    )
    shape = len(thrs), len(RECALLS), num_classes, len(areas)
    curves = CocoCurves(
        np.full(shape, -1.0),
        np.full((len(thrs), num_classes, len(areas), len(max_dets)), -1.0),
        counts,
    )
    bounds = np.searchsorted(matches.label, np.arange(num_classes + 1))
    for label in range(num_classes):
        own = slice(bounds[label], bounds[label + 1])
        _fill(curves, label, matches, own, max_dets)
    return curves


def _best(detections: Detections, num_classes: int, limit: int) -> Detections:
    """The best detections of each image and class, those of a class together."""
    key = detections.image * num_classes + detections.label
    order = np.lexsort((-detections.score, key))
    order = order[ranks_within(key[order]) < limit]
    return Detections(*(field[order] for field in detections))


def _matched(
    found: Detections,
    objects: Objects,
    skipped: Array,
    num_classes: int,
    thrs: Array,
    limits: tuple[Array, Array],
) -> _Matches:
    """What each detection takes; ``found`` is in the order of image, class, score."""
    key = found.image * num_classes + found.label
    rank = ranks_within(key)
    hit = np.zeros((len(skipped), len(thrs), len(key)), bool)
    ignored = np.zeros_like(hit)
    for members, bounds in _groups(key, objects, num_classes):
        _take(found, objects, skipped, thrs, members, bounds, hit, ignored)
    low, high = (limit[:, None] for limit in limits)
    size = (found.box[:, 2] - found.box[:, 0]) * (found.box[:, 3] - found.box[:, 1])
    ignored |= ~hit & ((size < low) | (size > high))[:, None]
    order = np.lexsort((rank, found.image, -found.score, found.label))
    return _Matches(
        found.label[order], rank[order], hit[..., order], ignored[..., order]
    )


def _groups(
    key: Array, objects: Objects, num_classes: int
) -> Iterator[tuple[Array, Array]]:
    """Images and classes with about as many objects each, as far as they have both.

    Yields:
        The objects of each group, padded with -1, ``(n, G)``; and bounds of its
        detections, ``(n, 2)``.
    """
    own = objects.image * num_classes + objects.label
    order = np.argsort(own, kind='stable')
    keys, starts, counts = np.unique(own[order], return_index=True, return_counts=True)
    bounds = np.stack(
        [np.searchsorted(key, keys, side) for side in ('left', 'right')], axis=-1
    )
    met = bounds[:, 1] > bounds[:, 0]
    starts, counts, bounds = starts[met], counts[met], bounds[met]
    sizes = 2 ** np.ceil(np.log2(counts)).astype(int)
    for size in np.unique(sizes):
        chosen = np.flatnonzero(sizes == size)
        step = max(1, _TOGETHER // (40 * size))
        for first in range(0, len(chosen), step):
            part = chosen[first : first + step]
            places = starts[part, None] + np.arange(size)
            real = np.arange(size) < counts[part, None]
            members = np.where(real, order[np.where(real, places, 0)], -1)
            yield members, bounds[part]


def _take(
    found: Detections,
    objects: Objects,
    skipped: Array,
    thrs: Array,
    members: Array,
    bounds: Array,
    hit: Array,
    ignored: Array,
) -> None:
    """Let the detections of groups take objects, the best of all groups first."""
    real = members >= 0
    boxes, crowd = objects.box[members], objects.ignore[members]
    skip = skipped[:, members].swapaxes(0, 1)[:, :, None]  # (n, A, 1, G)
    free = np.repeat(np.repeat(real[:, None, None], skip.shape[1], 1), len(thrs), 2)
    last = members.shape[1] - 1
    for rank in range((bounds[:, 1] - bounds[:, 0]).max()):
        rows = np.flatnonzero(bounds[:, 0] + rank < bounds[:, 1])
        dets = bounds[rows, 0] + rank
        iou = overlaps(found.box[dets, None], boxes[rows], crowd[rows])[:, None, None]
        can = free[rows] & (iou >= thrs[:, None])
        some = can.any(axis=(1, 2, 3))
        if not some.any():
            continue
        rows, dets, iou, can = rows[some], dets[some], iou[some], can[some]
        counting = can & ~skip[rows]
        can = np.where(counting.any(axis=-1, keepdims=True), counting, can)
        # of equal overlaps the last object is taken, as pycocotools does
        place = last - np.where(can, iou, -1)[..., ::-1].argmax(axis=-1)
        took = can.any(axis=-1)  # (n, A, T)
        n, a, t = np.nonzero(took)
        place = place[n, a, t]
        free[rows[n], a, t, place] = crowd[rows[n], place]
        hit[a, t, dets[n]] = True
        ignored[a, t, dets[n]] = skip[rows[n], a, 0, place]


def _fill(
    curves: CocoCurves, label: int, matches: _Matches, own: slice, max_dets: Sequence
) -> None:
    """Enter the precision and recall of one class."""
    wanted = np.flatnonzero(curves.num_objects[label])
    counts = curves.num_objects[label, wanted, None]
    right = matches.hit[wanted, :, own] & ~matches.ignored[wanted, :, own]
    wrong = ~matches.hit[wanted, :, own] & ~matches.ignored[wanted, :, own]
    for place, limit in enumerate(max_dets):
        reached = right[..., matches.rank[own] < limit].sum(axis=-1) / counts
        curves.recall[:, label, wanted, place] = reached.T
    hits = np.cumsum(right, axis=-1)
    misses = np.cumsum(wrong, axis=-1)
    precision = hits / (hits + misses + np.spacing(1))
    precision = np.maximum.accumulate(precision[..., ::-1], axis=-1)[..., ::-1]
    for row, (area, count) in enumerate(zip(wanted, counts[:, 0], strict=True)):
        for thr in range(hits.shape[1]):
            recall = hits[row, thr] / count
            places = np.searchsorted(recall, RECALLS, side='left')
            within = places < len(recall)
            line = np.zeros(len(RECALLS))
            line[within] = precision[row, thr, places[within]]
            curves.precision[thr, :, label, area] = line
