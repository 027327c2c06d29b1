"""Gradient checkpointing that leaves the training as it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import copy_context

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.utils.checkpoint import checkpoint

__all__ = ['checkpointed']

# torch 2.4 warns of a function that it calls itself.
warnings.filterwarnings('ignore', '`torch.cpu.amp.autocast', FutureWarning)


def checkpointed(
    module: nn.Module, function: Callable[[Tensor], Tensor], x: Tensor
) -> Tensor:
    """``function(x)``, whose inner activations are computed again for the gradient.

    The second computation draws the same random numbers, sees the same hidden
    cells, and does not count in the running statistics of normalisation, so
    that gradients and buffers are those of a plain call.

    Args:
        module: The module that owns ``function``.
        function: The part of its forward that is costly in memory.
        x: The input.
    """
    if not torch.is_grad_enabled():
        return function(x)
    if torch.compiler.is_compiling():  # a compiled graph has no second call
        return checkpoint(function, x, use_reentrant=False)
    norms = [m for m in module.modules() if isinstance(m, _NormBase)]
    context = copy_context()  # what sparse layers are shown
    return checkpoint(
        lambda y: context.copy().run(function, y),
        x,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), _statistics_at_rest(norms)),
    )


@contextmanager
def _statistics_at_rest(norms: list[_NormBase]) -> Iterator[None]:
    # With momentum 0 a running mean is set to itself, and the saved tensors
    # are as many as in the first call, which checkpoint insists on.
    before = [(norm, norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm, _, count in before:  # SyncBatchNorm insists on a count
        norm.momentum = 0.0
        norm.num_batches_tracked = None if count is None else count.clone()
    try:
        yield
    finally:
        for norm, momentum, count in before:
            norm.momentum, norm.num_batches_tracked = momentum, count
