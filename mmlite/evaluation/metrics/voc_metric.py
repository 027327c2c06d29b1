"""Average precision as Pascal VOC defines it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from mmengine.logging import print_log

from ...errors import check_choice
from ...registry import METRICS
from ..functional.box_overlaps import Detections, Objects
from ..functional.precision_recall_plot import plot_precision_recall
from ..functional.voc import voc_average_precision, voc_curve
from .detection import BoxesOfImage, BoxMetric, check_thresholds, table

__all__ = ['VOCMetric']


@METRICS.register_module()
class VOCMetric(BoxMetric):
    """Average precision of boxes, by the rules of Pascal VOC.

    Paper: The Pascal Visual Object Classes (VOC) Challenge, IJCV 2010. The figures are
    from 0 to 1: ``AP50`` for each threshold, and ``mAP``, their mean. Objects with
    ``gt_ignore_flags`` are difficult and do not count. A class without an object that
    counts does not either.

    Args:
        iou_thrs: Least intersection over union, one or several.
        eval_mode: ``'area'`` (since 2010) or ``'11points'`` (2007).
        classwise: Whether to log a table of the classes, and report the precision of
            each as ``<class>_precision``, at the first threshold.
        curve_file: Where to draw precision over recall, e.g. ``'curves.png'``.
        collect_device: Kept for mmengine's sake.
        prefix: Stands before the names of the results, instead of ``pascal_voc``.

    Raises:
        DataError: if a sample lacks a field, or a label is no class.

    Example:
        >>> import torch
        >>> from mmlite.structures import DataSample
        >>> boxes = torch.tensor([[0., 0., 8., 8.], [9., 0., 17., 8.]])
        >>> zero = torch.tensor([0, 0])
        >>> sample = DataSample(gt_bboxes=boxes, gt_bboxes_labels=zero,
        ...                     pred_bboxes=boxes[:1],
        ...                     pred_scores=torch.tensor([0.9]), pred_labels=zero[:1])
        >>> metric = METRICS.build(dict(type='VOCMetric'))
        >>> metric.process(None, [sample])
        >>> metric.evaluate(1)
        {'pascal_voc/AP50': 0.5, 'pascal_voc/mAP': 0.5}
    """

    default_prefix = 'pascal_voc'

    def __init__(
        self,
        iou_thrs: float | Sequence[float] = 0.5,
        eval_mode: Literal['area', '11points'] = 'area',
        classwise: bool = False,
        curve_file: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        check_choice(('area', '11points'), eval_mode=eval_mode)
        self.iou_thrs = check_thresholds(iou_thrs)
        self.eval_mode = eval_mode
        self.classwise = classwise
        self.curve_file = curve_file

    def result_names(self) -> list[str] | None:
        """AP at each threshold, and mAP; with ``classwise`` others, too."""
        return None if self.classwise else [*map(_name_at, self.iou_thrs), 'mAP']

    def evaluate_boxes(
        self,
        results: list[BoxesOfImage],
        detections: Detections,
        objects: Objects,
        classes: Sequence[str],
    ) -> dict[str, float]:
        """The figures of all detections."""
        figures, first, curves, rows = {}, {}, {}, []
        for place, thr in enumerate(self.iou_thrs):
            found = {}
            for label, name in enumerate(classes):
                recall, precision, count = voc_curve(detections, objects, label, thr)
                value = voc_average_precision(recall, precision, self.eval_mode)
                if count:
                    found[name] = value
                if place == 0:
                    rows.append([name, count, f'{value:.3f}' if count else 'no GT'])
                    if count:
                        curves[name] = _sampled(recall, precision)
            first = first or found
            mean = float(np.mean(list(found.values()))) if found else -1.0
            figures[_name_at(thr)] = mean
        figures['mAP'] = float(np.mean(list(figures.values())))
        if self.classwise:
            shown = table(['class', 'objects', f'AP@{self.iou_thrs[0]:g}'], rows)
            print_log(f'VOCMetric by class\n{shown}', logger='current')
            figures |= {f'{name}_precision': value for name, value in first.items()}
        self.curves = curves
        if self.curve_file is not None:
            title = f'IoU {self.iou_thrs[0]:.2f}'
            plot_precision_recall(curves, self.curve_file, title)
        return figures


def _name_at(thr: float) -> str:
    return f'AP{100 * thr:g}'


def _sampled(recall: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """The best precision at 101 recalls or beyond them."""
    return np.array(
        [
            precision[recall >= point - 1e-12].max(initial=0.0)
            for point in np.linspace(0, 1, 101)
        ]
    )
