"""The batches of an epoch, from any position on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from mmengine.device import get_device
from torch.utils.data import BatchSampler, DataLoader

from ...datasets import InfiniteSampler, SeededBatchSampler
from ...errors import DataError, MissingDependencyError, UserError
from ..dataloaders import EpochGenerator, keep_in_workers
from ..in_memory_loader import InMemoryLoader
from ..prefetch import prefetched


def batches_from(
    dataloader: DataLoader, epoch: int, start: int = 0, prefetch: bool = True
) -> Iterator[Any]:
    """The batches of an epoch, without the first ``start``.

    Samplers that have ``set_start``, and all batch samplers that a config names, skip
    them without loading anything. On a GPU
    the images are brought there beside the computation, unless they are there.

    Args:
        dataloader: A data loader.
        epoch: Which epoch, counted from 0.
        start: How many batches to leave out.
        prefetch: Whether to bring the images to the device.

    Raises:
        UserError: as the dataset raised it, also in a worker.
    """
    batch_sampler, sampler = dataloader.batch_sampler, _sampler(dataloader)
    seeded = isinstance(batch_sampler, SeededBatchSampler)
    set_epoch = getattr(batch_sampler if seeded else sampler, 'set_epoch', None)
    if set_epoch is not None:
        set_epoch(epoch)
    if isinstance(dataloader.generator, EpochGenerator):
        dataloader.generator.set_epoch(epoch)
    skip = start
    set_start = getattr(sampler, 'set_start', None)
    if seeded:
        batch_sampler.set_start(start)
        skip = 0
    elif set_start is not None and type(batch_sampler) is BatchSampler:
        set_start(start * dataloader.batch_size)
        skip = 0
    if dataloader.num_workers:
        keep_in_workers()
    batches = islice(iter(dataloader), skip, None)
    if prefetch and not isinstance(dataloader, InMemoryLoader):
        batches = prefetched(batches, torch.device(get_device()))
    return _without_traceback(batches)


def endless_batches(dataloader: DataLoader, start: int = 0) -> Iterator[Any]:
    """The batches of one epoch after the other, without the first ``start``."""
    if isinstance(_sampler(dataloader), InfiniteSampler):
        yield from batches_from(dataloader, 0, start)
        raise DataError('the data loader gives no more batches, its sampler ended')
    epoch, start = divmod(start, len(dataloader))
    while True:
        yielded = False
        for batch in batches_from(dataloader, epoch, start):
            yielded = True
            yield batch
        if not yielded and start == 0:
            raise DataError('the data loader gives no batches')
        epoch, start = epoch + 1, 0


def _without_traceback(batches: Iterator[Any]) -> Iterator[Any]:
    """Let errors of a user, which a worker wraps into its traceback, be as raised."""
    try:
        yield from batches
    except (UserError, RuntimeError) as error:
        plain = _as_raised(error)
        if plain is None:
            raise
        raise plain from None


def _as_raised(error: UserError | RuntimeError) -> UserError | None:
    """What a worker reported; None if it is no worker's report of a user's error."""
    wrapped = str(error)
    if not (wrapped.startswith('Caught ') and 'Original Traceback' in wrapped):
        return None
    kind = type(error)
    if not isinstance(error, UserError):
        # The one error that torch cannot make anew of a text.
        kind = MissingDependencyError
    mark = f'\n{kind.__module__}.{kind.__qualname__}: '
    _, found, message = wrapped.rpartition(mark)
    if not found:
        return None
    made = UserError if kind is MissingDependencyError else kind
    return made(message.rstrip('\n'))


def _sampler(dataloader: DataLoader) -> Any:
    """The sampler that a batch sampler draws from, or that stands alone."""
    if dataloader.batch_sampler is None:
        return dataloader.sampler
    batch_sampler = dataloader.batch_sampler
    batch_sampler = getattr(batch_sampler, 'inner', batch_sampler)
    return getattr(batch_sampler, 'sampler', None) or batch_sampler


def set_seed(dataloader: DataLoader, seed: int) -> None:
    """Let a loader go on with the seed of the run that is resumed."""
    batch_sampler = dataloader.batch_sampler
    for part in (
        batch_sampler,
        getattr(batch_sampler, 'inner', None),
        _sampler(dataloader),
    ):
        if getattr(part, 'seed', None) is not None:
            part.seed = seed
    if isinstance(dataloader.generator, EpochGenerator):
        dataloader.generator.seed_of_run = seed
