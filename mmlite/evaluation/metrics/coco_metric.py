"""Average precision as COCO defines it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from mmengine.logging import print_log

from ...errors import DataError, check_choice
from ...registry import METRICS
from ..functional.box_overlaps import Detections, Objects
from ..functional.coco import AREAS, IOU_THRS, MAX_DETS, CocoCurves, coco_curves
from ..functional.coco_backends import BACKENDS
from ..functional.precision_recall_plot import plot_precision_recall
from .detection import BoxesOfImage, BoxMetric, check_thresholds, table

__all__ = ['CocoMetric']

_THRESHOLDS = ((0.5, '50'), (0.75, '75'))  # with a figure of their own


@METRICS.register_module()
class CocoMetric(BoxMetric):
    """Average precision and recall of boxes, by the rules of COCO.

    Paper: Microsoft COCO, ECCV 2014, https://arxiv.org/abs/1405.0312. The figures, from
    0 to 1, are those of pycocotools: ``bbox_mAP`` is the mean over classes and over
    thresholds of the intersection over union from 0.5 to 0.95, ``_50`` and ``_75`` at
    one of them, ``_s``, ``_m``, ``_l`` of objects below 32², between and above 96²
    square pixels; ``bbox_AR@100`` the mean of the recall with so many detections an
    image and class. A class without an object does not count; -1 stands for no object
    at all. Objects with ``gt_ignore_flags`` are crowds.

    Args:
        iou_thrs: The thresholds; ``None`` are 0.5, 0.55, ..., 0.95.
        max_dets: Most detections an image and class, rising; precision is that of the
            last one.
        classwise: Whether to log a table of the classes, and report the precision of
            each as ``<class>_precision``.
        curve_file: Where to draw precision over recall, e.g. ``'curves.png'``.
        outfile_prefix: Where to write the detections as COCO's JSON,
            ``<outfile_prefix>.bbox.json``.
        format_only: Whether to only write them.
        backend: ``'numpy'``, ``'faster_coco_eval'`` or ``'pycocotools'``; the figures
            are the same. By default the fastest, which is the first.
        collect_device: Kept for mmengine's sake.
        prefix: Stands before the names of the results, instead of ``coco``.

    Raises:
        DataError: if a sample lacks a field, or a label is no class.

    Example:
        >>> import torch
        >>> from mmlite.structures import DataSample
        >>> boxes, zero = torch.tensor([[0., 0., 8., 8.]]), torch.tensor([0])
        >>> sample = DataSample(gt_bboxes=boxes, gt_bboxes_labels=zero,
        ...                     pred_bboxes=boxes,
        ...                     pred_scores=torch.tensor([0.9]), pred_labels=zero)
        >>> metric = METRICS.build(dict(type='CocoMetric'))
        >>> metric.process(None, [sample])
        >>> round(metric.evaluate(1)['coco/bbox_mAP'], 4)
        1.0
    """

    default_prefix = 'coco'

    def __init__(
        self,
        iou_thrs: Sequence[float] | float | None = None,
        max_dets: Sequence[int] = MAX_DETS,
        classwise: bool = False,
        curve_file: str | None = None,
        outfile_prefix: str | None = None,
        format_only: bool = False,
        backend: Literal['numpy', 'faster_coco_eval', 'pycocotools'] | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.iou_thrs = check_thresholds(IOU_THRS if iou_thrs is None else iou_thrs)
        self.max_dets = tuple(max_dets)
        rising = sorted(set(self.max_dets)) == list(self.max_dets)
        if not self.max_dets or not rising or self.max_dets[0] < 1:
            raise ValueError(
                f'max_dets must be rising numbers from 1 on, got {max_dets}'
            )
        if format_only and outfile_prefix is None:
            raise ValueError('format_only=True writes a file; set outfile_prefix')
        check_choice((None, 'numpy', *BACKENDS), backend=backend)
        self.classwise = classwise
        self.curve_file = curve_file
        self.outfile_prefix = outfile_prefix
        self.format_only = format_only
        self.backend = backend

    def evaluate_boxes(
        self,
        results: list[BoxesOfImage],
        detections: Detections,
        objects: Objects,
        classes: Sequence[str],
    ) -> dict[str, float]:
        """The figures of all detections."""
        if self.outfile_prefix is not None:
            self._write(results, f'{self.outfile_prefix}.bbox.json')
            if self.format_only:
                return {}
        curves_of = BACKENDS.get(self.backend or '', coco_curves)
        curves = curves_of(
            detections, objects, len(classes), self.iou_thrs, self.max_dets
        )
        most = max((len(one.pred_scores) for one in results), default=0)
        if most >= self.max_dets[-1]:
            print_log(
                f'CocoMetric: the model gives up to {most} detections an image '
                f'(max_per_img); the {self.max_dets[-1]} best of each image and class '
                'count (max_dets)',
                logger='current',
            )
        figures = self._figures(curves)
        if self.classwise:
            figures |= self._by_class(curves, classes)
        self.curves = {
            name: curves.precision[0, :, label, 0]
            for label, name in enumerate(classes)
            if curves.num_objects[label, 0]
        }
        if self.curve_file is not None:
            title = f'IoU {self.iou_thrs[0]:.2f}'
            plot_precision_recall(self.curves, self.curve_file, title)
        return figures

    def result_names(self) -> list[str] | None:
        """COCO's; with ``classwise`` there is one more for each class of the data."""
        if self.classwise:
            return None
        areas = [name for name in AREAS if name != 'all']
        halves = [s for t, s in _THRESHOLDS if np.isclose(self.iou_thrs, t).any()]
        return [
            'bbox_mAP',
            *(f'bbox_mAP_{suffix}' for suffix in halves),
            *(f'bbox_mAP_{name}' for name in areas),
            *(f'bbox_AR@{most}' for most in self.max_dets),
            *(f'bbox_AR_{name}@{self.max_dets[-1]}' for name in areas),
        ]

    def _figures(self, curves: CocoCurves) -> dict[str, float]:
        figures = {'bbox_mAP': _mean(curves.precision[..., 0])}
        for thr, suffix in _THRESHOLDS:
            if np.isclose(self.iou_thrs, thr).any():
                place = int(np.isclose(self.iou_thrs, thr).argmax())
                figures[f'bbox_mAP_{suffix}'] = _mean(curves.precision[place, ..., 0])
        for place, name in enumerate(AREAS):
            if place:
                figures[f'bbox_mAP_{name}'] = _mean(curves.precision[..., place])
        for place, most in enumerate(self.max_dets):
            figures[f'bbox_AR@{most}'] = _mean(curves.recall[:, :, 0, place])
        for place, name in enumerate(AREAS):
            if place:
                figures[f'bbox_AR_{name}@{self.max_dets[-1]}'] = _mean(
                    curves.recall[:, :, place, -1]
                )
        return figures

    def _by_class(self, curves: CocoCurves, classes: Sequence[str]) -> dict[str, float]:
        """Log a table; the precision of each class that has an object."""
        names = ['AP', *(f'AP@{thr:g}' for thr in self.iou_thrs if thr in (0.5, 0.75))]
        names += [f'AP_{name}' for name in AREAS if name != 'all']
        rows, figures = [], {}
        for label, name in enumerate(classes):
            own = curves.precision[:, :, label]
            values = [_mean(own[..., 0])]
            values += [
                _mean(own[t, :, 0])
                for t, thr in enumerate(self.iou_thrs)
                if thr in (0.5, 0.75)
            ]
            values += [_mean(own[..., place]) for place in range(1, len(AREAS))]
            count = curves.num_objects[label, 0]
            shown = ['no GT' if value < 0 else f'{value:.3f}' for value in values]
            rows.append([name, count, *shown])
            if count:
                figures[f'{name}_precision'] = values[0]
        shown = table(['class', 'objects', *names], rows)
        print_log(f'CocoMetric by class\n{shown}', logger='current')
        return figures

    def _write(self, results: list[BoxesOfImage], path: str) -> None:
        """Write the detections as COCO's results, which have no NaN."""
        ids = (self.dataset_meta or {}).get('cat_ids')
        rows, left_out = [], []
        for one in results:
            if one.img_id is None:
                raise DataError(
                    f'CocoMetric cannot write {path}: {one.img_path or "a sample"} has '
                    "no img_id; use CocoDataset, and meta_keys with 'img_id' if "
                    'PackInputs has its own'
                )
            sides = one.pred_bboxes[:, 2:] - one.pred_bboxes[:, :2]
            boxes = np.concatenate([one.pred_bboxes[:, :2], sides], axis=1)
            for box, score, label in zip(
                boxes.tolist(),
                one.pred_scores.tolist(),
                one.pred_labels.tolist(),
                strict=True,
            ):
                number = label if ids is None else ids[label]
                row = dict(image_id=one.img_id, category_id=number)
                whole = np.isfinite([*box, score]).all()
                (rows if whole else left_out).append(dict(row, bbox=box, score=score))
        if left_out:
            message = (
                f'{path}: {len(left_out)} boxes with NaN or infinite values are left '
                f'out, e.g. of the image {left_out[0]["image_id"]}'
            )
            print_log(message, 'current', logging.WARNING)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(rows))


def _mean(values: np.ndarray) -> float:
    """The mean of the valid entries; -1 stands for none."""
    known = values[values > -1]
    return float(known.mean()) if known.size else -1.0
