"""Samples without end, for loops that count iterations."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import ClassVar

import numpy as np

from ...registry import DATA_SAMPLERS
from ..seeded_index import SeededIndex, seeded
from .base import Chunk, SeededSampler


@DATA_SAMPLERS.register_module()
class InfiniteSampler(SeededSampler):
    """One pass over the dataset after the other, dealt out to the processes.

    Each pass has an order of its own. A new iterator goes on where the last one
    stopped; ``set_start(count)`` goes to the place after the first ``count``
    samples of this process, at once, however far that is.

    Args:
        dataset: What to sample from.
        shuffle: Whether each pass has a random order.
        seed: The same in all processes; drawn, and agreed upon, if ``None``.

    Example:
        >>> indices = iter(InfiniteSampler(range(3), shuffle=False, seed=0))
        >>> [int(next(indices)) for _ in range(5)]
        [0, 1, 2, 0, 1]
    """

    endless: ClassVar[bool] = True

    def __init__(
        self, dataset: Sized, shuffle: bool = True, seed: int | None = None
    ) -> None:
        super().__init__(dataset, seed)
        self.shuffle = shuffle

    def __iter__(self) -> Iterator[SeededIndex]:
        while True:
            indices, turn, _ = self._rest_of_pass()
            for index in seeded(indices, self.seed, turn):
                self.start += 1
                yield index

    def chunks(self) -> Iterator[Chunk]:
        """A pass at a time; it counts as taken when the next one is asked for."""
        while True:
            chunk = self._rest_of_pass()
            yield chunk
            self.start += len(chunk.indices)

    def _rest_of_pass(self) -> Chunk:
        """What is left of a pass. They form one row; every world_size-th is ours."""
        size = len(self.dataset)
        place = self.rank + self.start * self.world_size
        turn, offset = divmod(place, size)
        order = self._permutation(size, turn) if self.shuffle else np.arange(size)
        return Chunk(order[offset :: self.world_size], turn)

    def __len__(self) -> int:
        """Samples of the dataset: one pass of all processes together."""
        return len(self.dataset)

    def set_epoch(self, epoch: int) -> None:
        """Nothing to do: the passes are counted here."""
