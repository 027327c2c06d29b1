"""Average precision of boxes as Pascal VOC defines it."""

from __future__ import annotations

from typing import Literal

import numpy as np

from .box_overlaps import Detections, Objects, overlaps

__all__ = ['voc_average_precision', 'voc_curve']

Array = np.ndarray


def voc_curve(
    detections: Detections, objects: Objects, label: int, iou_thr: float = 0.5
) -> tuple[Array, Array, int]:
    """Recall and precision of one class, by falling score.

    A detection belongs to the object of its class that it overlaps most. It is right if
    that is by ``iou_thr`` or more and no better detection has it already; it does not
    count if the object is difficult.

    Args:
        detections: The detections.
        objects: The objects; the ignored are difficult.
        label: The class.
        iou_thr: Least intersection over union.

    Returns:
        Recall and precision ``(N, )``, and the number of objects that count.
    """
    found = Detections(*(x[detections.label == label] for x in detections))
    gold = Objects(*(x[objects.label == label] for x in objects))
    found = Detections(*(x[np.argsort(-found.score, kind='stable')] for x in found))
    best = np.full(len(found.image), -1)
    for image in np.intersect1d(found.image, gold.image):
        rows = np.flatnonzero(found.image == image)
        columns = np.flatnonzero(gold.image == image)
        iou = overlaps(found.box[rows, None], gold.box[columns])
        place = iou.argmax(axis=1)
        enough = iou[np.arange(len(rows)), place] >= iou_thr
        best[rows] = np.where(enough, columns[place], -1)
    difficult = (best >= 0) & gold.ignore[best] if len(gold.image) else best >= 0
    first = np.zeros(len(best), bool)
    first[np.unique(best, return_index=True)[1]] = True
    right = (best >= 0) & first & ~difficult
    hits = np.cumsum(right)
    misses = np.cumsum(~right & ~difficult)
    count = int((~gold.ignore).sum())
    return hits / max(count, 1), hits / np.maximum(hits + misses, 1), count


def voc_average_precision(
    recall: Array, precision: Array, mode: Literal['area', '11points'] = 'area'
) -> float:
    """Average precision from a curve.

    Args:
        recall: Rising, ``(N, )``.
        precision: ``(N, )``.
        mode: ``'area'``: the area below the curve that never rises (since 2010);
            ``'11points'``: the mean at the recalls 0, 0.1, ..., 1 (2007).

    Example:
        >>> voc_average_precision(np.array([1 / 3, 2 / 3]), np.ones(2))
        0.6666666666666666
    """
    if mode == '11points':
        points = [
            precision[recall >= point - 1e-12].max(initial=0.0)
            for point in np.linspace(0, 1, 11)
        ]
        return float(np.mean(points))
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * envelope))
