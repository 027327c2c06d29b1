"""What the samplers of whole batches share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, ClassVar

import numpy as np
from torch.utils.data import Sampler

from ..seeded_index import SeededIndex, seeded
from .base import Seeded

__all__ = ['SeededBatchSampler', 'StartableBatches']


class SeededBatchSampler(Seeded):
    """Yields this process's batches of indices, each index with its seed.

    It stands at ``batch_sampler`` of a data loader, which then needs no ``sampler``.
    Before each epoch the loop calls ``set_epoch``, and to go on in the middle of
    one ``set_start``: the batches that had been taken are left out without loading
    anything, so that a resumed run goes on bit-exactly. What ``batches`` draws
    depends on ``seed`` and ``epoch`` alone, e.g. through :meth:`generator`.

    Override:
        batches: this process's batches of the epoch ``self.epoch``.
        __len__: how many they are.

    Args:
        dataset: What to sample from.
        seed: The same in all processes; drawn, and agreed upon, if ``None``.

    Attributes:
        rank, world_size: This process, and how many there are.
        epoch: Which epoch is next, counted from 0.
        sampler: What the batches are made of, if it is another sampler.
        every_sample: Whether an epoch has every sample; else it fits no evaluation.

    Example:
        >>> class Pairs(SeededBatchSampler):
        ...     def batches(self):
        ...         order = self.generator().permutation(len(self.dataset))
        ...         yield from order.reshape(-1, 2)[self.rank :: self.world_size]
        ...     def __len__(self):
        ...         return len(self.dataset) // 2 // self.world_size
        >>> [len(batch) for batch in Pairs(range(6), seed=0)]
        [2, 2, 2]
    """

    sampler: Sampler | None = None
    every_sample: ClassVar[bool] = True

    @abstractmethod
    def batches(self) -> Iterable[Sequence[int]]:
        """This process's batches of an epoch, from the first one on."""

    @abstractmethod
    def __len__(self) -> int:
        """How many batches this process has in a whole epoch."""

    def __iter__(self) -> Iterator[list[int]]:
        start = self._take_start()
        place = 0
        for number, batch in enumerate(self.batches()):
            if number >= start:
                yield self._seeded(batch, place)
            place += len(batch)

    def generator(self) -> np.random.Generator:
        """What the epoch draws from, the same in all processes."""
        return np.random.default_rng([self.seed, self.epoch])

    def _seeded(self, batch: Sequence[int], place: int) -> list[int]:
        """The indices with seeds: by their places, as one can come twice."""
        if all(isinstance(index, SeededIndex) for index in batch):
            return list(batch)
        indices = np.asarray(batch, np.int64)
        keys = (place + np.arange(len(indices))) * self.world_size + self.rank
        return list(seeded(indices, self.seed, self.epoch, keys))


class StartableBatches(SeededBatchSampler):
    """Makes any batch sampler one that can start in the middle of an epoch.

    Args:
        inner: The batch sampler; its ``set_epoch``, or that of its ``sampler``, is
            called.
        dataset: What it samples from.
        seed: Seeds the samples of indices that have no seed of their own.
        limit: Batches of an epoch at most; all if ``None``.

    Example:
        >>> batches = StartableBatches([[0, 1], [2, 3]], range(4), seed=0)
        >>> batches.set_start(1)
        >>> [[int(i) for i in batch] for batch in batches]
        [[2, 3]]
    """

    def __init__(
        self,
        inner: Iterable[Sequence[int]],
        dataset: Sized,
        seed: int | None = None,
        limit: int | None = None,
    ) -> None:
        super().__init__(dataset, seed)
        self.inner = inner
        self.limit = limit

    def batches(self) -> Iterable[Sequence[int]]:
        """Those of the inner one."""
        return islice(self.inner, self.limit)

    def __len__(self) -> int:
        """As many as the inner one has, up to the limit."""
        count = len(self.inner)
        return count if self.limit is None else min(count, self.limit)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch is next, to the inner one too."""
        super().set_epoch(epoch)
        for part in (self.inner, getattr(self.inner, 'sampler', None)):
            if hasattr(part, 'set_epoch'):
                part.set_epoch(epoch)
                break
        _rewind(getattr(self.inner, 'sampler', None))


def _rewind(sampler: Any) -> None:
    """Reset a sampler that counts what it gave."""
    if hasattr(sampler, 'set_start'):
        sampler.set_start(0)
