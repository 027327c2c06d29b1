"""Predict on pictures, and write the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from logging import WARNING
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log

from .inferencers import Prediction, Predictions, inferencer_of
from .inferencers.prediction import free_names
from .rows import check_rows_path, write_rows

__all__ = ['predict']


def predict(
    config: str | Path | Config,
    checkpoint: str | Path | None = None,
    inputs: Any = (),
    overrides: Sequence[str] = (),
    *,
    out: str | Path | None = None,
    show_dir: str | Path | None = None,
    device: str | None = None,
    batch_size: int = 8,
    num_workers: int = 0,
    on_error: str = 'raise',
    report: Callable[[Prediction], None] | None = None,
) -> Predictions:
    """Predict on pictures with a trained model.

    Args:
        config: A config, or a checkpoint that holds its config, or the work_dir of a
            training.
        checkpoint: A checkpoint or work_dir, if ``config`` is none.
        inputs: Paths, folders, patterns, addresses or arrays; models that take
            several pictures at a time, such as a stereo pair, take them in turn, or as
            many folders with pictures of the same names.
        overrides: ``'key.path=value'`` strings, as after ``--cfg-options``.
        out: A ``.json``, ``.csv``, ``.npz`` or ``.pkl`` file for the predictions.
        show_dir: A folder for the pictures with their predictions drawn.
        device: Where to compute; by default a GPU if there is one.
        batch_size: How many samples go through the model together.
        num_workers: Processes that read pictures.
        on_error: ``'raise'``, or ``'skip'`` to go on without a picture that cannot
            be read.
        report: Called with each prediction as it comes.

    Returns:
        One prediction for each sample: a list with ``plot``, ``save``, ``to_dict``.

    Raises:
        UserError: if an input is absent or a file cannot be written.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((32, 32, 3), np.uint8)
        >>> len(predict('configs/resnet18_digits.py', inputs=[image, image]))
        2
    """
    if out is not None:
        check_rows_path(out)
    run = inferencer_of(config, checkpoint, device=device, overrides=overrides)
    predictions = Predictions()
    names = free_names(show_dir, run.names(inputs) if show_dir is not None else ())
    try:
        for prediction in run.stream(inputs, batch_size, num_workers, on_error):
            if show_dir is not None:
                prediction.save(Path(show_dir, names(prediction.name)))
            if report is not None:
                report(prediction)
            predictions.append(prediction)
    except KeyboardInterrupt:
        if out is not None:
            message = f'{out} is not written, after {len(predictions)} predictions'
            print_log(message, 'current', WARNING)
        raise
    if out is not None:
        write_rows(predictions.to_dict(), out)
    return predictions
