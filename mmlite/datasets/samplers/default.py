"""Every sample once per epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized

import numpy as np

from ...registry import DATA_SAMPLERS
from .base import Chunk, SeededSampler


@DATA_SAMPLERS.register_module()
class DefaultSampler(SeededSampler):
    """Every sample once per epoch, dealt out to the processes in turn.

    The order is mmengine's; the union over the processes is the same for any
    number of them.

    Args:
        dataset: What to sample from.
        shuffle: Whether each epoch has a random order.
        seed: The same in all processes; drawn, and agreed upon, if ``None``.
        round_up: Whether to repeat the first samples, so that all processes have
            the same number. Without, a test counts every sample once.

    Example:
        >>> [int(i) for i in DefaultSampler(range(5), shuffle=False, seed=0)]
        [0, 1, 2, 3, 4]
    """

    def __init__(
        self,
        dataset: Sized,
        shuffle: bool = True,
        seed: int | None = None,
        round_up: bool = True,
    ) -> None:
        super().__init__(dataset, seed)
        self.shuffle = shuffle
        self.round_up = round_up
        if round_up:
            self.num_samples = math.ceil(len(dataset) / self.world_size)
            self.total_size = self.num_samples * self.world_size
        else:
            self.num_samples = math.ceil((len(dataset) - self.rank) / self.world_size)
            self.total_size = len(dataset)

    def chunks(self) -> Iterator[Chunk]:
        """The whole round at once."""
        size = len(self.dataset)
        order = self._permutation(size, self.epoch) if self.shuffle else np.arange(size)
        order = np.resize(order, self.total_size)  # repeats from the start
        mine = order[self.rank :: self.world_size][self._take_start() :]
        yield Chunk(mine, self.epoch)

    def __len__(self) -> int:
        """Samples of this process in a whole epoch."""
        return self.num_samples
