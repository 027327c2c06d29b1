"""Trade time for memory: compute activations again in the backward pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from functools import wraps
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.utils.checkpoint import checkpoint

from ..errors import ConfigError, Problem, did_you_mean

__all__ = ['checkpoint_activations']


def checkpoint_activations(model: nn.Module, names: str | Sequence[str]) -> None:
    """Discard the activations of parts of a model until the backward pass.

    Gradients and running statistics are those of the model without it. Paper:
    Training Deep Nets with Sublinear Memory Cost, https://arxiv.org/abs/1604.06174

    Args:
        model: The model.
        names: Where the parts are in it, e.g. ``'backbone.layer1'``.

    Raises:
        ConfigError: if the model has no such part.

    Example:
        >>> model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        >>> checkpoint_activations(model, ['0'])
        >>> model(torch.ones(1, 2)).sum().backward()
        >>> model[0].bias.grad.shape
        torch.Size([2])
    """
    parts = dict(model.named_modules())
    names = [names] if isinstance(names, str) else names
    problems = [
        Problem(
            'activation_checkpointing',
            f'the model has no part {name!r}'
            + (
                did_you_mean(name, filter(None, parts))
                or f'; it has {", ".join(n for n, _ in model.named_children())}'
            ),
        )
        for name in names
        if name not in parts
    ]
    if problems:
        raise ConfigError(problems)
    # torch 2.4 warns of a function that it calls itself.
    warnings.filterwarnings('ignore', '`torch.cpu.amp.autocast', FutureWarning)
    for name in names:
        part = parts[name]
        part.forward = _forgetting(part, part.forward)


def _forgetting(part: nn.Module, forward: Callable) -> Callable:
    @wraps(forward)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*args, **kwargs)
        context = copy_context()  # such as what is hidden from a layer
        # With re-entrance, parameters would have no gradients where no input has.
        return checkpoint(
            lambda *a, **k: context.copy().run(forward, *a, **k),
            *args,
            use_reentrant=False,
            context_fn=lambda: (nullcontext(), _statistics_kept(part)),
            **kwargs,
        )

    return wrapper


@contextmanager
def _statistics_kept(part: nn.Module) -> Iterator[None]:
    """Let norms that keep statistics not count the batch a second time."""
    norms = [
        module
        for module in part.modules()
        if isinstance(module, _NormBase)  # of instances too
        and module.training
        and module.track_running_stats
    ]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # the running statistics count the batch by nothing
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            if isinstance(norm, _BatchNorm):
                norm.num_batches_tracked -= 1
