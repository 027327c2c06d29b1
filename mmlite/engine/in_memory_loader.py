"""A data loader whose data are on the device already."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from mmengine.runner.runner import _SlicedDataset
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from ..datasets import ImageTable, InfiniteSampler, SeededIndex, load_in_memory
from ..datasets.samplers import Chunk, SeededSampler

__all__ = ['InMemoryLoader']

_BLOCK = 8192  # samples that are looked at together
_BYTES = 64 * 2**20  # images that are transformed together on a GPU


class InMemoryLoader(DataLoader):
    """Makes batches on the device, of images that are all there.

    It is used like any other data loader: it gives the same samples in the same order,
    and a sample's randomness depends on the seed of the run, the epoch and its index
    alone. But no sample is ever loaded on its own.

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
        data: ImageTable,
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

    def reload(self) -> None:
        """Take the images and what belongs to them from the dataset again."""
        device = self.data.images.device
        self.data = None  # there may not be room for both
        dataset = self.dataset
        whole = dataset._dataset if isinstance(dataset, _SlicedDataset) else dataset
        self.data = load_in_memory(whole, device)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        device = self.data.images.device
        size = group_size(self.data.images, self.batch_size)
        for rows, numbers in self._blocks():
            here = torch.from_numpy(rows)
            there = here.to(device, non_blocking=True)
            numbers = torch.from_numpy(numbers).to(device, non_blocking=True)
            groups = zip(*(x.split(size) for x in (here, there, numbers)), strict=True)
            for group in groups:
                yield from self._batches(self.data.batch(*group))

    def _batches(self, group: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The batches of a group."""
        images = group['inputs']
        samples = group['data_samples'].to(images.device, non_blocking=True)
        parts = images.split(self.batch_size), samples.split(self.batch_size)
        for inputs, data_samples in zip(*parts, strict=True):
            yield dict(inputs=inputs, data_samples=data_samples)

    def _blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows and random numbers of whole batches; only the last may be smaller."""
        rest: tuple[np.ndarray, np.ndarray] | None = None
        for chunk, seeds in self._chunks():
            rows = self.data.rows_of(chunk.indices).astype(np.int64, copy=False)
            block = np.ascontiguousarray(rows), self.data.draw(rows, seeds, chunk.epoch)
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
                epochs = np.array([index.epoch for index in block], np.int64)
                seeds = np.array([index.seed for index in block], np.uint64)
            else:
                epochs = 0
                drawn = torch.randint(2**62, (len(block),), generator=self.generator)
                seeds = drawn.numpy().astype(np.uint64)
            yield Chunk(np.array(block, np.int64), epochs), seeds


def group_size(images: Tensor, batch_size: int) -> int:
    """How many samples become batches in one go, a multiple of the batch size.

    On a GPU a kernel takes longer to start than to run over one batch of small
    images. A CPU has the images of one batch at hand, and not those of many.
    """
    if images.device.type == 'cpu':
        return batch_size
    bytes_of_batch = batch_size * images[0].numel() * images.element_size()
    return max(1, _BYTES // bytes_of_batch) * batch_size
