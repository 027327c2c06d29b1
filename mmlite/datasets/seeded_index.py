"""Where the randomness of a sample comes from."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

import numpy as np

__all__ = ['SeededIndex', 'follow', 'sample_seeds', 'seeded', 'uniforms']

_GOLDEN = 0x9E3779B97F4A7C15


class SeededIndex(int):
    """The index of a sample, with the seed of its augmentation.

    Samplers yield it and datasets read it. The seed depends on the sampler's
    seed, the epoch and the index alone, so a sample is augmented alike with any
    number of workers and processes, and after a resume.

    Args:
        index: The index.
        seed: Seed of everything random that happens to the sample.
        epoch: Which pass over the data it is asked for in, counted from 0.

    Example:
        >>> i = SeededIndex(3, seed=17, epoch=2)
        >>> i == 3, i.seed, i.epoch
        (True, 17, 2)
    """

    seed: int
    epoch: int

    def __new__(cls, index: int, seed: int, epoch: int = 0) -> SeededIndex:
        """Make the index, and give it its seed."""
        self = super().__new__(cls, index)
        self.seed = seed
        self.epoch = epoch
        return self

    def __reduce__(self) -> tuple:
        return SeededIndex, (int(self), self.seed, self.epoch)


def follow(outer: int, inner: int) -> int:
    """The index ``inner`` of a wrapped dataset, with the seed of ``outer``.

    Example:
        >>> follow(SeededIndex(13, seed=5), 3).seed
        5
    """
    if not isinstance(outer, SeededIndex):
        return inner
    return SeededIndex(inner, outer.seed, outer.epoch)


def sample_seeds(seed: int, epoch: int, indices: np.ndarray) -> np.ndarray:
    """A seed for each index: the hash splitmix64 of seed, epoch and index.

    Shape:
        indices: ``(N, )``; returns: ``(N, )``, uint64.
    """
    state = np.asarray(indices, np.uint64)
    for word in (seed, epoch):
        state = _splitmix(state ^ _splitmix(np.array([word % 2**64], np.uint64)))
    return state


def _splitmix(state: np.ndarray) -> np.ndarray:
    state = state + np.uint64(_GOLDEN)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def uniforms(seeds: np.ndarray, count: int) -> np.ndarray:
    """Random numbers from 0 up to 1, as many for each seed: the generator splitmix64.

    Args:
        seeds: The seeds, ``(N, )``, uint64.
        count: How many numbers each of them gives.

    Shape:
        returns: ``(N, count)``, float32.

    Example:
        >>> uniforms(np.array([1, 2], np.uint64), 3).shape
        (2, 3)
    """
    steps = np.arange(count, dtype=np.uint64) * np.uint64(_GOLDEN)
    bits = _splitmix(np.asarray(seeds, np.uint64)[:, None] + steps)
    # As many bits as a float32 has; so 1 is never reached.
    return (bits >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)


def seeded(
    indices: np.ndarray, seed: int, epoch: int, keys: np.ndarray | None = None
) -> Iterator[SeededIndex]:
    """Give each index its seed.

    Args:
        indices: The indices, in the order in which they are yielded.
        seed: The sampler's seed.
        epoch: The epoch.
        keys: What identifies a sample; the index itself, unless an index can
            come several times in an epoch.
    """
    seeds = sample_seeds(seed, epoch, indices if keys is None else keys)
    return map(SeededIndex, indices.tolist(), seeds.tolist(), repeat(epoch))
