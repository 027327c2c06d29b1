"""The batches of an epoch, from any of them on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from torch.utils.data import BatchSampler, DataLoader

from ...datasets import InfiniteSampler
from ...errors import DataError
from ..dataloaders import EpochGenerator


def batches_from(dataloader: DataLoader, epoch: int, start: int = 0) -> Iterator[Any]:
    """The batches of an epoch, without the first ``start``.

    Samplers that have ``set_start`` skip them without loading anything.

    Args:
        dataloader: A data loader.
        epoch: Which epoch, counted from 0.
        start: How many batches to leave out.
    """
    sampler = _sampler(dataloader)
    set_epoch = getattr(sampler, 'set_epoch', None)
    if set_epoch is not None:
        set_epoch(epoch)
    if isinstance(dataloader.generator, EpochGenerator):
        dataloader.generator.set_epoch(epoch)
    skip = start
    set_start = getattr(sampler, 'set_start', None)
    if set_start is not None and type(dataloader.batch_sampler) is BatchSampler:
        set_start(start * dataloader.batch_size)
        skip = 0
    return islice(iter(dataloader), skip, None)


def endless_batches(dataloader: DataLoader, start: int = 0) -> Iterator[Any]:
    """The batches of one epoch after the other, without the first ``start``."""
    if isinstance(_sampler(dataloader), InfiniteSampler):
        yield from batches_from(dataloader, 0, start)
        return
    epoch, start = divmod(start, len(dataloader))
    while True:
        yielded = False
        for batch in batches_from(dataloader, epoch, start):
            yielded = True
            yield batch
        if not yielded and start == 0:
            raise DataError('the data loader gives no batches')
        epoch, start = epoch + 1, 0


def _sampler(dataloader: DataLoader) -> Any:
    """The sampler that a batch sampler draws from, or that stands alone."""
    if dataloader.batch_sampler is None:
        return dataloader.sampler
    return getattr(dataloader.batch_sampler, 'sampler', dataloader.batch_sampler)


def set_seed(dataloader: DataLoader, seed: int) -> None:
    """Let a loader go on with the seed of the run that is resumed."""
    sampler = _sampler(dataloader)
    if getattr(sampler, 'seed', None) is not None:
        sampler.seed = seed
    if isinstance(dataloader.generator, EpochGenerator):
        dataloader.generator.seed_of_run = seed
