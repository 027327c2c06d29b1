"""Bring batches to the GPU while it still works on the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

__all__ = ['prefetched', 'tensors_moved']


def prefetched(batches: Iterable[Any], device: torch.device) -> Iterator[Any]:
    """The batches, with their images on the device.

    A step is only queued on a GPU, so the next batch is here before the GPU has
    done with the last one: copied on a stream of its own, out of pinned memory, it
    is there when the GPU is free. On other devices nothing is done.

    Annotations stay where they are: they are small, and the data preprocessor
    checks labels before they leave the CPU.

    Args:
        batches: What a data loader gives.
        device: The device of the model.
    """
    return _copied_ahead(batches, device) if device.type == 'cuda' else iter(batches)


def _copied_ahead(batches: Iterable[Any], device: torch.device) -> Iterator[Any]:
    stream = torch.cuda.Stream(device)
    for batch in batches:
        with torch.cuda.stream(stream):
            batch, moved = tensors_moved(batch, device)
        current = torch.cuda.current_stream(device)
        current.wait_stream(stream)
        for tensor in moved:
            tensor.record_stream(current)  # is in use there until that is done
        yield batch


def tensors_moved(batch: Any, device: torch.device) -> tuple[Any, list[Tensor]]:
    """A batch with the tensors in it on a device, and these tensors.

    Args:
        batch: A tensor, or dicts and lists with tensors in them; anything else
            in it stays as it is.
        device: The device.

    Example:
        >>> batch, moved = tensors_moved(
        ...     dict(inputs=torch.ones(2), names=['a', 'b']), torch.device('meta'))
        >>> batch['inputs'].is_meta, batch['names'], len(moved)
        (True, ['a', 'b'], 1)
    """
    if isinstance(batch, Tensor):
        there = batch.to(device, non_blocking=True)
        return there, [] if there is batch else [there]
    if type(batch) is dict:
        pairs = {key: tensors_moved(value, device) for key, value in batch.items()}
        return {key: value for key, (value, _) in pairs.items()}, _all(pairs.values())
    if type(batch) in (list, tuple):
        pairs = [tensors_moved(value, device) for value in batch]
        return type(batch)(value for value, _ in pairs), _all(pairs)
    return batch, []


def _all(pairs: Iterable[tuple[Any, list[Tensor]]]) -> list[Tensor]:
    return [tensor for _, moved in pairs for tensor in moved]
