"""Several augmentations of a sample, each in another process."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized
from typing import ClassVar

import numpy as np

from ...errors import check_at_least
from ...registry import DATA_SAMPLERS
from .base import Chunk, SeededSampler


@DATA_SAMPLERS.register_module()
class RepeatAugSampler(SeededSampler):
    """Every sample several times in a row, dealt out to the processes in turn.

    Paper: Augment your batch: better training with larger batches, CVPR 2020,
    https://arxiv.org/abs/1901.09335; as in DeiT an epoch is still as long as the
    dataset, and so shows a part of it. The order is mmpretrain's.

    Args:
        dataset: What to sample from.
        shuffle: Whether each epoch has a random order. Without, every epoch shows the
            same part of the dataset.
        num_repeats: How often each sample comes.
        seed: The same in all processes; drawn, and agreed upon, if ``None``.

    Raises:
        ValueError: if ``num_repeats`` is below 1.

    Example:
        >>> sampler = RepeatAugSampler(range(6), shuffle=False, num_repeats=3, seed=0)
        >>> [int(i) for i in sampler]
        [0, 0, 0, 1, 1, 1]
    """

    every_sample: ClassVar[bool] = False

    def __init__(
        self,
        dataset: Sized,
        shuffle: bool = True,
        num_repeats: int = 3,
        seed: int | None = None,
    ) -> None:
        check_at_least(1, num_repeats=num_repeats)
        super().__init__(dataset, seed)
        self.shuffle = shuffle
        self.num_repeats = num_repeats
        self.num_samples = math.ceil(len(dataset) * num_repeats / self.world_size)
        self.total_size = self.num_samples * self.world_size
        self.num_selected_samples = math.ceil(len(dataset) / self.world_size)

    def chunks(self) -> Iterator[Chunk]:
        """The whole round at once."""
        size = len(self.dataset)
        order = self._permutation(size, self.epoch) if self.shuffle else np.arange(size)
        repeated = np.resize(np.repeat(order, self.num_repeats), self.total_size)
        places = np.arange(self.total_size)[self.rank :: self.world_size]
        mine = places[: self.num_selected_samples][self._take_start() :]
        # One sample comes several times, and is to look different each time.
        yield Chunk(repeated[mine], self.epoch, keys=mine)

    def __len__(self) -> int:
        """Samples of this process in a whole epoch."""
        return self.num_selected_samples
