"""What the samplers share: the seed, and a place to start from."""

from __future__ import annotations

from collections.abc import Sized

import numpy as np
import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

__all__ = ['SeededSampler']


class SeededSampler(Sampler):
    """Yields this process's share of the indices, each with its seed.

    To go on in the middle of an epoch, a loop calls ``set_epoch`` and then
    ``set_start``: the next round leaves out what had been taken, without
    loading it.

    Override:
        __iter__, __len__

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
        """Leave out the first ``count`` indices of this process in the next round."""
        self.start = count

    def _take_start(self) -> int:
        start, self.start = self.start, 0
        return start

    def _permutation(self, size: int, epoch: int) -> np.ndarray:
        """An order of the samples, mmengine's for the same seed and epoch."""
        generator = torch.Generator().manual_seed(self.seed + epoch)
        return torch.randperm(size, generator=generator).numpy()
