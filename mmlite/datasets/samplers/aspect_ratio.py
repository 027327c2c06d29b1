"""Batches of images that are all upright or all wide, so that little is padded."""

from __future__ import annotations

from collections.abc import Iterator, Sized

import numpy as np
from torch.utils.data import Sampler

from ...errors import DataError, check_at_least
from ...registry import DATA_SAMPLERS
from .batches import SeededBatchSampler
from .default import DefaultSampler


@DATA_SAMPLERS.register_module()
class AspectRatioBatchSampler(SeededBatchSampler):
    """Puts images that are wider than high, and those that are not, apart.

    The samples come in the order of a sampler. What is left at the end of an epoch,
    fewer than a batch of each, is put together, so that no sample is lost.

    Args:
        dataset: What to sample from: ``get_data_info(i)`` gives ``width`` and
            ``height``.
        batch_size: Number of samples in a batch.
        sampler: Says which samples come when; by default all of them, shuffled.
        drop_last: Whether to leave out a last batch that is smaller.
        seed: The same in all processes; drawn, and agreed upon, if ``None``.

    Raises:
        DataError: if the dataset does not give sizes.

    Example:
        >>> class Sizes(list):
        ...     def get_data_info(self, i):
        ...         return dict(width=self[i], height=10)
        >>> sampler = AspectRatioBatchSampler(
        ...     Sizes([5, 20, 6, 30]), 2, DefaultSampler(range(4), shuffle=False))
        >>> [[int(i) for i in batch] for batch in sampler]
        [[0, 2], [1, 3]]
    """

    def __init__(
        self,
        dataset: Sized,
        batch_size: int,
        sampler: Sampler | None = None,
        drop_last: bool = False,
        seed: int | None = None,
    ) -> None:
        super().__init__(dataset, seed)
        check_at_least(1, batch_size=batch_size)
        self.batch_size = batch_size
        self.sampler = sampler
        if sampler is None:
            self.sampler = DefaultSampler(dataset, shuffle=True, seed=self.seed)
        self.drop_last = drop_last
        self._known: dict[int, bool] = {}

    def batches(self) -> Iterator[list[int]]:
        """The batches, as soon as they are full."""
        self.sampler.seed = self.seed  # that of a resumed run comes later
        for name, value in (('set_epoch', self.epoch), ('set_start', 0)):
            if hasattr(self.sampler, name):
                getattr(self.sampler, name)(value)
        waiting: dict[bool, list[int]] = {False: [], True: []}
        for index in self.sampler:
            batch = waiting[self._is_wide(index)]
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch.copy()
                batch.clear()
        rest = waiting[False] + waiting[True]
        for begin in range(0, len(rest), self.batch_size):
            batch = rest[begin : begin + self.batch_size]
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def _is_wide(self, index: int) -> bool:
        place = int(index)
        if place not in self._known:
            info = self.dataset.get_data_info(place)
            if 'width' not in info or 'height' not in info:
                raise DataError(
                    f'AspectRatioBatchSampler: sample {place} of '
                    f'{type(self.dataset).__name__} has no width and height '
                    f'before it is loaded, it has {sorted(info)}; add them to the '
                    'annotations'
                )
            self._known[place] = bool(np.greater(info['width'], info['height']))
        return self._known[place]

    def __len__(self) -> int:
        """Batches of this process in a whole epoch."""
        count = len(self.sampler)
        return (
            count // self.batch_size if self.drop_last else -(-count // self.batch_size)
        )
