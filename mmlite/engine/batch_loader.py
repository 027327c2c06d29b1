"""A data loader whose data are on the device already."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from ..datasets import InfiniteSampler, InMemory, SeededIndex
from ..datasets.samplers import Chunk, SeededSampler
from ..datasets.seeded_index import sample_seeds

__all__ = ['BatchLoader']

_BLOCK = 8192  # samples that are looked at together


class BatchLoader(DataLoader):
    """Makes batches on the device, of images that are all there.

    To whoever uses it it is a data loader like any other, with the same samples in
    the same order, and a sample's randomness depends on the seed of the run, the
    epoch and its index alone. But no sample is ever loaded on its own.

    Args:
        dataset: The dataset that the images are from.
        data: The images.
        sampler: Says which samples come when.
        batch_size: Number of samples in a batch.
        drop_last: Whether to leave out a last batch that is smaller.
        generator: Seeds the samples of a sampler that does not.

    Shape:
        inputs: ``(B, C, H, W)``, of the type of the images.
    """

    def __init__(
        self,
        dataset: Dataset,
        data: InMemory,
        sampler: Sampler,
        batch_size: int,
        drop_last: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(
            dataset,
            batch_size,
            sampler=sampler,
            drop_last=drop_last,
            generator=generator,
        )
        self.data = data
        ends = np.cumsum([0, *(step.count for step in data.transforms)]).tolist()
        self._columns = [slice(*ends[i : i + 2]) for i in range(len(data.transforms))]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        device = self.data.images.device
        for rows, numbers in self._blocks():
            here = torch.from_numpy(rows)
            there = here.to(device, non_blocking=True)
            numbers = torch.from_numpy(numbers).to(device, non_blocking=True)
            for batch in zip(
                *(x.split(self.batch_size) for x in (here, there, numbers)),
                strict=True,
            ):
                yield self._batch(*batch)

    def _batch(self, here: Tensor, there: Tensor, numbers: Tensor) -> dict[str, Any]:
        """One batch.

        Args:
            here: Which images, ``(B, )``, on the CPU.
            there: The same on the device.
            numbers: Their random numbers, on the device.
        """
        images = self.data.images.index_select(0, there)
        for transform, columns in zip(self.data.transforms, self._columns, strict=True):
            images = transform.apply(images, numbers[:, columns])
        return dict(inputs=images, data_samples=self.data.samples.take(here))

    def _blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows and random numbers of whole batches; only the last may be smaller."""
        rest: tuple[np.ndarray, np.ndarray] | None = None
        for chunk, seeds in self._chunks():
            block = self._rows(chunk.indices), self._numbers(chunk, seeds)
            if rest is not None:
                block = tuple(
                    np.concatenate(pair) for pair in zip(rest, block, strict=True)
                )
            whole = len(block[0]) // self.batch_size * self.batch_size
            if whole:
                yield tuple(part[:whole] for part in block)
            rest = tuple(part[whole:] for part in block)
        if rest is not None and len(rest[0]) and not self.drop_last:
            yield rest

    def _chunks(self) -> Iterator[tuple[Chunk, np.ndarray]]:
        """The indices of a round, and a seed for each of them."""
        sampler = self.sampler
        if type(sampler).__iter__ in (SeededSampler.__iter__, InfiniteSampler.__iter__):
            for chunk in sampler.chunks():
                yield chunk, chunk.seeds(sampler.seed)
            return
        indices = iter(sampler)
        while block := list(islice(indices, max(_BLOCK, self.batch_size))):
            if isinstance(block[0], SeededIndex):
                seeds = np.array([index.seed for index in block], np.uint64)
            else:
                drawn = torch.randint(2**62, (len(block),), generator=self.generator)
                seeds = drawn.numpy().astype(np.uint64)
            epoch = getattr(block[0], 'epoch', 0)
            yield Chunk(np.array(block, np.int64), epoch), seeds

    def _rows(self, indices: np.ndarray) -> np.ndarray:
        rows = indices if self.data.rows is None else self.data.rows[indices]
        return np.ascontiguousarray(rows, np.int64)

    def _numbers(self, chunk: Chunk, seeds: np.ndarray) -> np.ndarray:
        """The random numbers of all transforms, side by side; each has its own."""
        indices = self.data.numbers[self._rows(chunk.indices)]
        drawn = [
            transform.draw(indices, sample_seeds(place, 0, seeds), chunk.epoch)
            for place, transform in enumerate(self.data.transforms)
        ]
        return np.concatenate([np.empty((len(indices), 0), np.float32), *drawn], axis=1)
