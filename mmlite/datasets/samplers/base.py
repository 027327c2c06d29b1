"""What the samplers share: the seed, and a place to start from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sized
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from ..seeded_index import SeededIndex, sample_seeds, seeded

__all__ = ['Chunk', 'SeededSampler']


class Chunk(NamedTuple):
    """A part of a round, as arrays.

    Args:
        indices: The indices, ``(N, )``.
        epoch: Which pass over the data it belongs to, or each index does.
        keys: What identifies a sample, ``(N, )``; None is the indices.
    """

    indices: np.ndarray
    epoch: int | np.ndarray
    keys: np.ndarray | None = None

    def seeds(self, seed: int) -> np.ndarray:
        """The seed of each sample, ``(N, )``, uint64.

        Args:
            seed: The sampler's.
        """
        keys = self.indices if self.keys is None else self.keys
        return sample_seeds(seed, self.epoch, keys)


class Seeded(Sampler):
    """What samplers of indices and of batches share: a seed, an epoch, a start.

    Args:
        dataset: What to sample from.
        seed: The same in all processes; drawn, and agreed upon, if ``None``.
    """

    def __init__(self, dataset: Sized, seed: int | None = None) -> None:
        self.dataset = dataset
        self.rank, self.world_size = get_dist_info()
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self.start = 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch is next; each has its own order."""
        self.epoch = epoch

    def set_start(self, count: int) -> None:
        """Leave out the first ``count`` items of this process in the next epoch."""
        self.start = count

    def _take_start(self) -> int:
        start, self.start = self.start, 0
        return start


class SeededSampler(Seeded):
    """Yields this process's share of the indices, each with its seed.

    To go on in the middle of an epoch, a loop calls ``set_epoch`` and then
    ``set_start``: the next round leaves out what had been taken, without
    loading it.

    Attributes:
        endless: Whether a round never ends, so that it fits no training by epochs and
            no evaluation.
        needs_labels: Whether the dataset must have ``get_gt_labels()``.
        every_sample: Whether a round has every sample, and none but to fill up the
            last batch twice; else it fits no evaluation.

    Override:
        chunks: the indices of a round, many at a time.
        __len__: how many there are in a round.

    Args:
        dataset: What to sample from.
        seed: The same in all processes; drawn, and agreed upon, if ``None``.
    """

    endless: ClassVar[bool] = False
    needs_labels: ClassVar[bool] = False
    every_sample: ClassVar[bool] = True

    @abstractmethod
    def chunks(self) -> Iterator[Chunk]:
        """This process's share of the next round, many indices at a time."""

    def __iter__(self) -> Iterator[SeededIndex]:
        for indices, epoch, keys in self.chunks():
            yield from seeded(indices, self.seed, epoch, keys)

    def _permutation(self, size: int, epoch: int) -> np.ndarray:
        """An order of the samples, mmengine's for the same seed and epoch."""
        generator = torch.Generator().manual_seed(self.seed + epoch)
        return torch.randperm(size, generator=generator).numpy()
