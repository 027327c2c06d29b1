"""Write the prediction of every sample to a file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import master_only
from mmengine.structures import BaseDataElement

from ..evaluation import SampleMetric
from ..structures import is_stacked
from .rows import check_rows_path, write_rows

#: How many pictures that a retriever finds are named.
_NAMED = 10


class PredictionFile(SampleMetric):
    """Collects what a model predicts in a test, and writes it afterwards.

    Every row is a dict of plain values: the predictions of a sample (``pred_label``,
    ``pred_score``, ...), the names of its classes as ``pred_class``, of the boxes of a
    detector as ``pred_names``, and its meta information (``img_path``, ``sample_idx``,
    ...). Of a retriever ``pred_label`` is places in the gallery, and ``matches`` the
    names of the most similar pictures. It measures nothing.

    Args:
        path: A ``.json``, ``.csv``, ``.npz`` or ``.pkl`` file; its folder is made if
            needed.
        whole: Whether to write the ground truth (``gt_*``, with ``gt_class`` or
            ``gt_names``) and maps (masks, disparities) as well, which can make the file
            large.
        gallery: Names of the pictures that a retriever finds, if it is one.

    Raises:
        UserError: if the ending is another one, or the folder is not writable.

    Example:
        >>> PredictionFile('predictions.txt')
        Traceback (most recent call last):
        mmlite.errors.UserError: rows are written to .json, .csv, .npz or .pkl files...
    """

    def __init__(
        self,
        path: str | Path,
        whole: bool = False,
        gallery: Sequence[str] | None = None,
    ) -> None:
        super().__init__(prefix='predictions')
        self.path = check_rows_path(path)
        self.whole = whole
        self.gallery = gallery
        self._rows: list = []

    def objects(self, data_samples: Sequence[Any]) -> list[dict[str, Any]]:
        """The row of every sample."""
        return [self._row(sample) for sample in data_samples]

    def _row(self, sample: Any) -> dict[str, Any]:
        if isinstance(sample, BaseDataElement):
            sample = sample.to_dict()
        row = {}
        for name, value in sorted(sample.items(), key=_place_of):
            extra = name.startswith('gt_') or _is_map(name, value)
            if self.whole or not extra:
                row[name] = _plain(value)
        classes = (self.dataset_meta or {}).get('classes')
        if self.gallery is not None and 'pred_label' in row:
            self._name_matches(row)
        elif classes and not _are_places(row, len(classes)):
            for side in ('gt', 'pred'):
                names = _named(row.get(f'{side}_label'), classes)
                if names is not None:
                    row[f'{side}_class'] = names[0] if len(names) == 1 else names
        for labels in ('gt_bboxes_labels', 'pred_labels') if classes else ():
            names = _named(row.get(labels), classes)
            if names is not None:
                row[f'{labels.partition("_")[0]}_names'] = names
        return row

    def _name_matches(self, row: dict[str, Any]) -> None:
        """Name the pictures that are found, but for the one that is looked for."""
        own = row.get('gallery_index')
        row['pred_label'] = [place for place in row['pred_label'] if place != own]
        scores = row.get('pred_score', ())
        row['pred_score'] = [None if s == -math.inf else s for s in scores]
        best = row['pred_label'][:_NAMED]
        row['matches'] = [str(self.gallery[place]) for place in best]

    def compute_metrics(self, results: list) -> dict:
        """Keep the samples of all processes, in order."""
        self._rows = results
        return {}

    @master_only
    def write(self) -> None:
        """Write the file, once the figures of the test are reported.

        Raises:
            UserError: if it cannot be written.
        """
        write_rows(self._rows, self.path)


def _named(labels: list[int] | None, classes: Sequence[str]) -> list[str] | None:
    """The names of classes; None if one has no name."""
    if labels is None or not all(0 <= label < len(classes) for label in labels):
        return None
    return [classes[label] for label in labels]


def _place_of(field: tuple[str, Any]) -> tuple[int, str]:
    """Files, what else is known, predictions: samples keep their fields in no order."""
    name = field[0]
    return (0 if name.endswith('path') else 2 if name.startswith('pred_') else 1), name


def _are_places(row: dict[str, Any], num_classes: int) -> bool:
    """Whether labels are places in a gallery, each with a score, not classes."""
    labels, scores = row.get('pred_label'), row.get('pred_score')
    if labels is None or scores is None:
        return False
    ranked = len(labels) == len(scores) > 1 and labels != sorted(labels)
    return ranked or len(scores) < num_classes


def _is_map(name: str, value: Any) -> bool:
    """Whether it is as large as an image, or nearly so."""
    is_small = is_stacked(name) or 'boxes' in name
    return getattr(value, 'ndim', 0) > 1 and not is_small


def _plain(value: Any) -> Any:
    if isinstance(value, (torch.Tensor, np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return (
        value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
    )
