"""Samples in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Literal

import numpy as np

from ...errors import check_choice
from ...registry import DATA_SAMPLERS
from .base import Chunk
from .default import DefaultSampler


@DATA_SAMPLERS.register_module()
class SequentialSampler(DefaultSampler):
    """Every sample once, in order, each process its share.

    Args:
        dataset: What to sample from.
        subsample_type: ``'default'`` deals the samples out in turn; ``'sequential'``
            gives each process a part without gaps.
        seed: The same in all processes; drawn, and agreed upon, if ``None``.
        round_up: Whether to repeat the first samples, so that all processes have the
            same number.

    Raises:
        ValueError: for another ``subsample_type``.

    Example:
        >>> [int(i) for i in SequentialSampler(range(3), 'sequential', seed=0)]
        [0, 1, 2]
    """

    def __init__(
        self,
        dataset: Sized,
        subsample_type: Literal['default', 'sequential'] = 'default',
        seed: int | None = None,
        round_up: bool = True,
    ) -> None:
        check_choice(('default', 'sequential'), subsample_type=subsample_type)
        super().__init__(dataset, shuffle=False, seed=seed, round_up=round_up)
        self.subsample_type = subsample_type
        if subsample_type == 'sequential':
            part = np.array_split(np.arange(len(dataset)), self.world_size)[self.rank]
            # The last processes are those whose last sample is a repeated one, as
            # where samples are dealt out: metrics leave these out.
            missing = self.num_samples - len(part) if round_up else 0
            self._part = np.append(part, np.arange(missing) % len(dataset))
            self.num_samples = len(self._part)

    def chunks(self) -> Iterator[Chunk]:
        """The whole round at once."""
        if self.subsample_type == 'default':
            yield from super().chunks()
            return
        yield Chunk(self._part[self._take_start() :], self.epoch)
