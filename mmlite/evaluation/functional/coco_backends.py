"""The same figures from the packages that others use."""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import MissingDependencyError
from .box_overlaps import Detections, Objects
from .coco import AREAS, RECALLS, CocoCurves

__all__ = ['BACKENDS', 'faster_coco_eval_curves', 'pycocotools_curves']


def pycocotools_curves(
    detections: Detections,
    objects: Objects,
    num_classes: int,
    iou_thrs: Sequence[float],
    max_dets: Sequence[int],
) -> CocoCurves:
    """What :func:`coco_curves` gives, by pycocotools.

    Raises:
        MissingDependencyError: if it is not installed.
    """
    package = _package('pycocotools.coco')
    evaluator = _package('pycocotools.cocoeval').COCOeval
    made = (detections, objects, num_classes, iou_thrs, max_dets)
    return _curves(package.COCO, evaluator, *made)


def faster_coco_eval_curves(
    detections: Detections,
    objects: Objects,
    num_classes: int,
    iou_thrs: Sequence[float],
    max_dets: Sequence[int],
) -> CocoCurves:
    """What :func:`coco_curves` gives, by faster-coco-eval.

    Raises:
        MissingDependencyError: if it is not installed.
    """
    package = _package('faster_coco_eval')
    made = (detections, objects, num_classes, iou_thrs, max_dets)
    return _curves(package.COCO, package.COCOeval_faster, *made)


BACKENDS: dict[str, Callable[..., CocoCurves]] = {
    'faster_coco_eval': faster_coco_eval_curves,
    'pycocotools': pycocotools_curves,
}


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition('.')[0]
        purpose = f'CocoMetric(backend={package!r})'
        raise MissingDependencyError(package, 'detection', purpose) from error


def _curves(
    dataset: Callable,
    evaluator: Callable,
    detections: Detections,
    objects: Objects,
    num_classes: int,
    iou_thrs: Sequence[float],
    max_dets: Sequence[int],
) -> CocoCurves:
    kept = ~objects.ignore
    counts = [
        np.bincount(
            objects.label[kept & (objects.area >= low) & (objects.area <= high)],
            minlength=num_classes,
        )
        for low, high in AREAS.values()
    ]
    shape = len(iou_thrs), num_classes, len(AREAS), len(max_dets)
    precision = np.full((shape[0], len(RECALLS), *shape[1:3]), -1.0)
    curves = CocoCurves(precision, np.full(shape, -1.0), np.stack(counts, axis=-1))
    if not len(objects.image):
        return curves
    if not len(detections.image):
        there = curves.num_objects > 0
        curves.precision[:, :, there] = 0
        curves.recall[:, there] = 0
        return curves
    with contextlib.redirect_stdout(io.StringIO()):
        gold = dataset()
        gold.dataset = _as_json(detections, objects, num_classes)
        gold.createIndex()
        found = gold.loadRes(_as_results(detections))
        judge = evaluator(gold, found, 'bbox')
        judge.params.iouThrs = np.asarray(iou_thrs, float)
        judge.params.maxDets = list(max_dets)
        judge.evaluate()
        judge.accumulate()
    precision = np.asarray(judge.eval['precision'])[..., -1]
    return curves._replace(precision=precision, recall=np.asarray(judge.eval['recall']))


def _xywh(box: np.ndarray) -> list[float]:
    x1, y1, x2, y2 = box.tolist()
    return [x1, y1, x2 - x1, y2 - y1]


def _as_json(detections: Detections, objects: Objects, num_classes: int) -> dict:
    """As COCO's annotations; ids start at 1, as 0 means "none" to pycocotools."""
    last = max(detections.image.max(), objects.image.max())
    return dict(
        images=[dict(id=i) for i in range(int(last) + 1)],
        categories=[dict(id=i, name=str(i)) for i in range(num_classes)],
        annotations=[
            dict(
                id=place + 1,
                image_id=int(one.image),
                category_id=int(one.label),
                bbox=_xywh(one.box),
                area=float(one.area),
                iscrowd=int(one.ignore),
            )
            for place, one in enumerate(map(Objects._make, zip(*objects, strict=True)))
        ],
    )


def _as_results(detections: Detections) -> list[dict]:
    return [
        dict(
            image_id=int(one.image),
            category_id=int(one.label),
            bbox=_xywh(one.box),
            score=float(one.score),
        )
        for one in map(Detections._make, zip(*detections, strict=True))
    ]
