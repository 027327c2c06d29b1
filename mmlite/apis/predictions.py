"""Write the prediction of every sample to a file."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import master_only
from mmengine.evaluator import BaseMetric

from ..errors import UserError

#: How a file of each ending is written.
_WRITERS = {
    '.json': lambda rows: json.dumps(rows, indent=1).encode(),
    '.pkl': pickle.dumps,
}


class PredictionFile(BaseMetric):
    """Collects what a model predicts in a test, and writes it afterwards.

    Every row is a dict of plain values: the fields of the sample (``gt_label``,
    ``pred_label``, ``pred_score``, ...) and its meta information (``img_path``,
    ``sample_idx``, ...). It measures nothing.

    Args:
        path: A ``.json`` or ``.pkl`` file; its folder is made if needed.

    Raises:
        UserError: if the ending is another one, or the folder is not writable.

    Example:
        >>> PredictionFile('predictions.txt')
        Traceback (most recent call last):
        mmlite.errors.UserError: predictions are written to .json or .pkl files, ...
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(prefix='predictions')
        self.path = Path(path)
        if self.path.suffix not in _WRITERS:
            raise UserError(
                f'predictions are written to {" or ".join(_WRITERS)} files, '
                f'got {str(path)!r}'
            )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f'cannot make the folder of {path}: {error}') from error
        if self.path.is_dir():
            raise UserError(f'{path} is a folder; name a file for the predictions')
        if not os.access(self.path.parent, os.W_OK):
            raise UserError(f'no permission to write {path}')
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
        """Write the file, once the figures of the test are told.

        Raises:
            UserError: if it cannot be written.
        """
        part = self.path.with_name(f'.{self.path.name}.part')
        try:
            part.write_bytes(_WRITERS[self.path.suffix](self._rows))
            part.replace(self.path)
        except OSError as error:
            raise UserError(f'cannot write {self.path}: {error}') from error


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
