"""Scale learning rates from the batch size that they were chosen for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.optim import OptimWrapper, OptimWrapperDict

from ..errors import ConfigError


def scale_learning_rates(
    optim_wrapper: OptimWrapper, batch_size: int | None, base_batch_size: int
) -> str:
    """Scale every group's rate by the ratio of two batch sizes (linear scaling).

    *Accurate, Large Minibatch SGD*, https://arxiv.org/abs/1706.02677.

    Args:
        optim_wrapper: One optimizer, or several by name.
        batch_size: Samples that all processes see in an iteration; None if the
            batch sampler does not say.
        base_batch_size: Samples an iteration that the rates are meant for.

    Returns:
        What was done, in a line.

    Raises:
        ConfigError: If the batch size is not known.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
        >>> scale_learning_rates(OptimWrapper(sgd), 64, 256)
        '0.1 -> 0.025: scaled from batches of 256 to 64'
    """
    if batch_size is None:
        raise ConfigError(
            'the batch size is not known: train_dataloader.batch_sampler states '
            'none; give its class an attribute batch_size, or leave out '
            '--auto-scale-lr'
        )
    several = isinstance(optim_wrapper, OptimWrapperDict)
    wrappers = list(optim_wrapper.values()) if several else [optim_wrapper]
    groups = [group for wrapper in wrappers for group in wrapper.optimizer.param_groups]
    before = groups[0]['lr']
    for group in groups:
        group['lr'] *= batch_size / base_batch_size
    return (
        f'{before:.4g} -> {groups[0]["lr"]:.4g}: scaled from batches of '
        f'{base_batch_size} to {batch_size}'
    )


def any_built(schedulers: Any) -> bool:
    """Whether schedulers, alone, in a list or by name, hold one that is no config.

    A scheduler that is built has taken up the rates as they were.

    Example:
        >>> any_built({'generator': [dict(type='StepLR', step_size=1)]})
        False
    """
    if isinstance(schedulers, Mapping):
        return 'type' not in schedulers and any(map(any_built, schedulers.values()))
    if isinstance(schedulers, (list, tuple)):
        return any(map(any_built, schedulers))
    return schedulers is not None
