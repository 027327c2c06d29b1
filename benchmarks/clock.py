"""Batches that are ready, and the moments at which they are asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch.utils.data import DataLoader


class ClockedLoader(DataLoader):
    """Yields ready batches in turn, and notes what a probe says at each request.

    The time between two requests is what an iteration takes, whoever asks.

    Args:
        batches: The batches.
        steps: How many an epoch has.
        probe: What is noted, by default the time.
    """

    def __init__(
        self,
        batches: Sequence[Any],
        steps: int,
        probe: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(range(steps))
        self.batches = batches
        self.probe = probe
        self.marks: list[float] = []

    def __iter__(self) -> Iterator[Any]:
        self.marks = []
        for step in range(len(self)):
            self.marks.append(self.probe())
            yield self.batches[step % len(self.batches)]
        self.marks.append(self.probe())
