"""The batches of all processes as one."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import all_gather, all_reduce, get_rank, get_world_size
from torch import Tensor
from torch.nn import functional as F

__all__ = ['gather', 'place_in_gathered']


def gather(x: Tensor) -> Tensor:
    """The tensors of all processes, concatenated in the order of their ranks.

    Every process has to call it, with a tensor of one type and of one shape but for
    the first dimension. Gradients flow to all processes: where each computes a loss
    of the gathered tensor and the gradients are averaged, as data-parallel training
    does, the result is that of one process with the whole batch, also for the
    parameters of the loss. It is that of the mean of the losses where they differ.

    Args:
        x: Of this process, ``(B, *)``; ``B`` may differ between processes.

    Returns:
        ``(sum of all B, *)``; ``x`` itself if there is one process.

    Raises:
        ValueError: if ``x`` has no dimension.

    Example:
        >>> gather(torch.tensor([3, 4]))
        tensor([3, 4])
    """
    if x.ndim == 0:
        raise ValueError(
            'what is gathered has a dimension for the samples; got a tensor without '
            'one, give it x[None]'
        )
    return x if get_world_size() == 1 else _Gather.apply(x)


def place_in_gathered(x: Tensor) -> int:
    """Where the samples of this process begin among those of :func:`gather`.

    Every process has to call it.

    Args:
        x: Of this process, ``(B, *)``; ``B`` may differ between processes.

    Example:
        >>> place_in_gathered(torch.tensor([3, 4]))
        0
    """
    if get_world_size() == 1:
        return 0
    return sum(_sizes(x)[: get_rank()])


def _sizes(x: Tensor) -> list[int]:
    """How many samples each process has."""
    return torch.cat(all_gather(torch.tensor([len(x)], device=x.device))).tolist()


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.sizes = _sizes(x)
        largest = max(ctx.sizes)
        # Not all means of communication know bool, or tensors of several sizes.
        sent = x.to(torch.uint8) if x.dtype == torch.bool else x
        missing = largest - len(x)
        if missing:
            sent = F.pad(sent, (0, 0) * (x.ndim - 1) + (0, missing))
        parts = all_gather(sent.contiguous())
        parts = [part[:size] for part, size in zip(parts, ctx.sizes, strict=True)]
        return torch.cat(parts).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        grad = grad.contiguous().clone()
        all_reduce(grad)
        return grad.split(ctx.sizes)[get_rank()]
