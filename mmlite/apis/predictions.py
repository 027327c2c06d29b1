"""Write the prediction of every sample to a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import master_only
from mmengine.evaluator import BaseMetric

from .rows import check_rows_path, write_rows


class PredictionFile(BaseMetric):
    """Collects what a model predicts in a test, and writes it afterwards.

    Every row is a dict of plain values: the fields of the sample (``gt_label``,
    ``pred_label``, ``pred_score``, ...) and its meta information (``img_path``,
    ``sample_idx``, ...). It measures nothing.

    Args:
        path: A ``.json``, ``.csv`` or ``.pkl`` file; its folder is made if needed.

    Raises:
        UserError: if the ending is another one, or the folder is not writable.

    Example:
        >>> PredictionFile('predictions.txt')
        Traceback (most recent call last):
        mmlite.errors.UserError: rows are written to .json, .csv or .pkl files, ...
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(prefix='predictions')
        self.path = check_rows_path(path)
        self._rows: list = []

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the fields of every sample as plain values."""
        self.results += [{k: _plain(v) for k, v in s.items()} for s in data_samples]

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
