"""Batches that are ready, and the moments at which they are asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch.utils.data import DataLoader


class ReadyLoader(DataLoader):
    """Yields batches that were made before, in turn.

    Args:
        batches: The batches.
        steps: How many an epoch has.
        batch_size: Images in each.
    """

    def __init__(self, batches: Sequence[Any], steps: int, batch_size: int = 1) -> None:
        super().__init__(range(steps * batch_size), batch_size)
        self.batches = batches

    def __iter__(self) -> Iterator[Any]:
        for step in range(len(self)):
            yield self.batches[step % len(self.batches)]


class ClockedLoader(ReadyLoader):
    """Notes what a probe says, by default the time, whenever a batch is asked for.

    The time between two requests is what an iteration takes, whoever asks.

    Args:
        batches: The batches.
        steps: How many an epoch has.
    """

    def __init__(self, batches: Sequence[Any], steps: int) -> None:
        super().__init__(batches, steps)
        self.probe: Callable[[], float] = time.perf_counter
        self.pause: Callable[[], None] = _go_on
        self.marks: list[float] = []

    def __iter__(self) -> Iterator[Any]:
        self.marks = []
        for batch in super().__iter__():
            self._asked()
            yield batch
        self._asked()

    def _asked(self) -> None:
        self.marks.append(self.probe())
        self.pause()


def _go_on() -> None:
    pass
