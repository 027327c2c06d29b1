"""What the metrics of boxes share: they compare in pixels of the loaded image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from mmengine.logging import print_log

from ...errors import DataError
from ..functional.box_overlaps import Detections, Objects
from .base import Sample
from .sample_metric import SampleMetric

__all__ = ['BoxMetric', 'BoxesOfImage', 'check_thresholds', 'table']


class BoxesOfImage(NamedTuple):
    """What is kept of a sample; boxes are in pixels of the image as it was loaded."""

    img_id: Any
    img_path: str | None
    pred_bboxes: np.ndarray
    pred_scores: np.ndarray
    pred_labels: np.ndarray
    gt_bboxes: np.ndarray
    gt_bboxes_labels: np.ndarray
    gt_ignore_flags: np.ndarray
    gt_area: np.ndarray


class BoxMetric(SampleMetric):
    """A metric of boxes.

    It reads ``pred_bboxes`` ``(M, 4)``, ``pred_scores`` and ``pred_labels``, in pixels
    of the image as it was loaded, and ``gt_bboxes`` ``(N, 4)``, ``gt_bboxes_labels``,
    and if there are any ``gt_ignore_flags`` and ``gt_area``, where the pipeline left
    them; what it resized is scaled back by ``scale_factor``.

    Args:
        collect_device: Kept for mmengine's sake.
        prefix: Stands before the names of the results, instead of the
            metric's own prefix.

    Override:
        evaluate_boxes: the figures of all detections and objects; keeps ``curves``.

    Attributes:
        curves: Precision at recalls evenly from 0 to 1, by the name of the class, of
            the last evaluation; empty where there is none.

    Raises:
        DataError: if a sample lacks a field, a score is NaN, or a label is no class.
    """

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.curves: dict[str, np.ndarray] = {}

    def objects(self, data_samples: Sequence[Sample]) -> list[BoxesOfImage]:
        """The boxes of each sample."""
        return [self._kept(sample) for sample in data_samples]

    def _kept(self, sample: Sample) -> BoxesOfImage:
        path = sample.get('img_path')
        fields = {}
        for name in ('pred_bboxes', 'pred_scores', 'pred_labels', *_NEEDED):
            value = sample.get(name)
            if value is None:
                raise DataError(
                    f'{type(self).__name__} compares {name}, but '
                    f'{path or "a sample"} has {sorted(sample.keys())}; use a '
                    'detector, and a dataset of boxes'
                )
            fields[name] = _array(value)
        scores = fields['pred_scores']
        if np.isnan(scores).any():
            raise DataError(
                f'{type(self).__name__}: {np.isnan(scores).sum()} of {len(scores)} '
                f'scores of {path or "a sample"} are NaN; the model has diverged'
            )
        _check_lengths(type(self).__name__, path, fields)
        boxes = fields['gt_bboxes'].astype(np.float64).reshape(-1, 4)
        factor = sample.get('scale_factor')
        if factor is not None:
            boxes = boxes / np.tile(np.asarray(factor, float), 2)
        ignore, area = sample.get('gt_ignore_flags'), sample.get('gt_area')
        if area is None:
            area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        for name in ('pred_labels', 'gt_bboxes_labels'):
            fields[name] = fields[name].astype(np.int64)
        fields.update(
            pred_bboxes=fields['pred_bboxes'].astype(np.float64).reshape(-1, 4),
            gt_bboxes=boxes,
            gt_ignore_flags=_array(np.zeros(len(boxes)) if ignore is None else ignore)
            != 0,
            gt_area=_array(area).astype(np.float64),
        )
        place = sample.get('img_id')
        place = sample.get('sample_idx') if place is None else place
        return BoxesOfImage(place, path, **fields)

    def compute_metrics(self, results: list[BoxesOfImage]) -> dict[str, float]:
        """The figures of all samples."""
        classes = self._classes(results)
        objects = self._flat(
            results, 'gt_bboxes', 'gt_bboxes_labels', 'gt_ignore_flags', 'gt_area'
        )
        if not (~objects[3]).any():
            print_log(
                f'{type(self).__name__}: no object in {len(results)} image(s) counts, '
                'so there is no precision; it is reported as -1',
                logger='current',
                level=30,
            )
        found = self._flat(results, 'pred_bboxes', 'pred_labels', 'pred_scores')
        detections = Detections(found[0], found[2], found[1], found[3])
        gold = Objects(objects[0], objects[2], objects[1], *objects[3:])
        return self.evaluate_boxes(results, detections, gold, classes)

    def evaluate_boxes(
        self,
        results: list[BoxesOfImage],
        detections: Detections,
        objects: Objects,
        classes: Sequence[str],
    ) -> dict[str, float]:
        """The figures, by name."""
        raise NotImplementedError

    def _classes(self, results: list[BoxesOfImage]) -> Sequence[str]:
        """The names of the classes, or their numbers."""
        names = (self.dataset_meta or {}).get('classes')
        low, high = 0, -1
        for one in results:
            for labels in (one.pred_labels, one.gt_bboxes_labels):
                if len(labels):
                    low, high = min(low, labels.min()), max(high, labels.max())
        names = [str(i) for i in range(high + 1)] if names is None else names
        if low < 0 or high >= len(names):
            raise DataError(
                f'{type(self).__name__}: the label {low if low < 0 else high} is none '
                f'of the {len(names)} classes of the dataset; set model.num_classes to '
                f'{len(names)}, or state the classes of the dataset'
            )
        return names

    @staticmethod
    def _flat(results: list[BoxesOfImage], *names: str) -> list[np.ndarray]:
        """The numbers of the images and the named fields, one image after the other."""
        counts = [len(getattr(one, names[0])) for one in results]
        fields = [np.concatenate([getattr(o, name) for o in results]) for name in names]
        return [np.repeat(np.arange(len(results)), counts), *fields]


_NEEDED = ('gt_bboxes', 'gt_bboxes_labels')


def _array(value: Any) -> np.ndarray:
    if not hasattr(value, 'cpu'):
        return np.asarray(value)
    value = value.detach().cpu()
    # NumPy has no bfloat16.
    return (value.float() if value.is_floating_point() else value).numpy()


def _check_lengths(metric: str, path: str | None, fields: dict) -> None:
    for prefix, names in (
        ('pred', ('pred_bboxes', 'pred_scores', 'pred_labels')),
        ('gt', _NEEDED),
    ):
        counts = {name: len(fields[name]) for name in names}
        if len(set(counts.values())) > 1:
            raise DataError(
                f'{metric}: {path or "a sample"} has another number of '
                f'{"predictions" if prefix == "pred" else "objects"} in each field: '
                f'{counts}'
            )


def check_thresholds(iou_thrs: float | Sequence[float]) -> tuple[float, ...]:
    """Thresholds of the intersection over union as a tuple.

    Raises:
        ValueError: if there are none, or one is not in (0, 1].

    Example:
        >>> check_thresholds(0.5)
        (0.5,)
    """
    thrs = tuple(np.atleast_1d(iou_thrs).astype(float).tolist())
    if not thrs or not all(0 < thr <= 1 for thr in thrs):
        raise ValueError(f'iou_thrs are above 0 and at most 1, got {iou_thrs}')
    return thrs


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows below a head, in columns.

    Example:
        >>> print(table(['class', 'AP'], [['cat', '0.50'], ['mouse', 'no GT']]))
        class     AP
        cat     0.50
        mouse  no GT
    """
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return '\n'.join(
        '  '.join(
            [line[0].ljust(widths[0])]
            + [c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True)]
        ).rstrip()
        for line in lines
    )
