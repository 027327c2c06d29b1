"""Errors of a training step that the config can avoid."""

from __future__ import annotations

import torch

from ...errors import TrainingError

_ONE_VALUE = 'Expected more than 1 value per channel'


def explained(error: Exception) -> TrainingError | None:
    """What to change in the config after an error of PyTorch; None for any other.

    Args:
        error: What a training step has raised.

    Example:
        >>> error = ValueError('Expected more than 1 value per channel when training')
        >>> isinstance(explained(error), TrainingError)
        True
        >>> explained(ValueError('something else')) is None
        True
    """
    if _ONE_VALUE in str(error):
        return TrainingError(
            'batch normalisation needs more than one value of a channel, but a batch '
            f'has a single sample ({error}); set train_dataloader.drop_last=True if it '
            'is the last one of an epoch, else a larger train_dataloader.batch_size'
        )
    if isinstance(error, torch.cuda.OutOfMemoryError):
        reason = str(error).partition('. ')[0]
        return TrainingError(
            f'the GPU has too little memory ({reason}); set a smaller '
            'train_dataloader.batch_size, with optim_wrapper.accumulative_counts for '
            'steps of the same size, or save memory by --amp or '
            'model.backbone.with_cp=True'
        )
    return None
