"""What a checkpoint holds, as it is now, while training goes on."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .writer import plain


class Snapshot:
    """Copies of tensors in the memory of the CPU, and of all else.

    Args:
        content: Tensors and plain values, nested as you like.
        memory: Where the copies are taken from, and go back to.
    """

    def __init__(self, content: Mapping[str, Any], memory: SnapshotMemory) -> None:
        self._memory = memory
        self._taken: list[Tensor] = []
        self._copies: dict[tuple, Tensor] = {}
        # Kept meanwhile, so that no other tensor comes to lie where one was.
        self._sources: list[Tensor] = []
        self._content = plain(content, self._copy)
        devices = {tensor.device for tensor in self._sources if tensor.is_cuda}
        self._sources.clear()
        # The copies are made in the order of the GPU's work: nobody waits here.
        self._events = [torch.cuda.current_stream(d).record_event() for d in devices]

    def content(self) -> dict[str, Any]:
        """The copy, once it is complete."""
        for event in self._events:
            event.synchronize()
        return self._content

    def release(self) -> None:
        """Let the next snapshot have the memory."""
        self._content = {}
        self._copies.clear()
        self._memory.give_back(self._taken)
        self._taken = []

    def _copy(self, tensor: Tensor) -> Tensor:
        tensor = tensor.detach()
        if tensor.layout != torch.strided or tensor.is_quantized:
            return tensor.cpu().clone()
        # Tensors that share memory do so in the file too.
        place = (tensor.device, tensor.data_ptr(), *_kind(tensor))
        if place not in self._copies:
            copy = self._memory.take(tensor)
            copy.copy_(tensor, non_blocking=copy.is_pinned())
            self._sources.append(tensor)
            self._taken.append(copy)
            self._copies[place] = copy
        return self._copies[place]


class SnapshotMemory:
    """Memory for snapshots, which are much the same from one to the next.

    Fresh memory costs more time than what is copied into it. For tensors on a GPU
    it is pinned, so that the copy need not be waited for.

    Example:
        >>> memory = SnapshotMemory()
        >>> weights = torch.ones(2)
        >>> snapshot = Snapshot(dict(weights=weights), memory)
        >>> _ = weights.zero_()
        >>> snapshot.content()
        {'weights': tensor([1., 1.])}
    """

    def __init__(self) -> None:
        self._free: dict[tuple, list[Tensor]] = defaultdict(list)
        self._lock = threading.Lock()

    def take(self, tensor: Tensor) -> Tensor:
        """A tensor on the CPU, laid out as the given one."""
        with self._lock:
            free = self._free[_kind(tensor), tensor.is_cuda]
            if free:
                return free.pop()
        return torch.empty_like(tensor, device='cpu', pin_memory=tensor.is_cuda)

    def give_back(self, tensors: list[Tensor]) -> None:
        """Take tensors for the next snapshots."""
        with self._lock:
            for tensor in tensors:
                self._free[_kind(tensor), tensor.is_pinned()].append(tensor)


def _kind(tensor: Tensor) -> tuple:
    return tensor.dtype, tensor.shape, tensor.stride()
