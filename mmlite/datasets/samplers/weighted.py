"""Samples by weight, against classes of unequal size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Sized
from typing import ClassVar

import numpy as np

from ...errors import DataError, check_at_least
from ...registry import DATA_SAMPLERS
from .base import Chunk, SeededSampler


@DATA_SAMPLERS.register_module()
class WeightedRandomSampler(SeededSampler):
    """Draws samples by the weight of their class, with replacement.

    Args:
        dataset: What to sample from; has ``get_gt_labels()``.
        weights: ``'balanced'``: all classes are drawn equally often; or the
            weight of a sample of each class.
        num_samples: Samples of an epoch, over all processes; as many as the
            dataset has, if ``None``.
        seed: The same in all processes; drawn, and agreed upon, if ``None``.

    Raises:
        ValueError: if the weights do not fit the labels.

    Example:
        >>> digits = DATASETS.build(dict(type='Digits'))
        >>> sampler = WeightedRandomSampler(digits, weights=[1] + [0] * 9, seed=0)
        >>> {digits.get_cat_ids(i)[0] for i in sampler}
        {0}
    """

    needs_labels: ClassVar[bool] = True
    every_sample: ClassVar[bool] = False

    def __init__(
        self,
        dataset: Sized,
        weights: str | Sequence[float] = 'balanced',
        num_samples: int | None = None,
        seed: int | None = None,
    ) -> None:
        check_at_least(1, num_samples=num_samples)
        super().__init__(dataset, seed)
        total = len(dataset) if num_samples is None else num_samples
        self.num_samples = math.ceil(total / self.world_size)
        if not hasattr(dataset, 'get_gt_labels'):
            raise DataError(
                f'WeightedRandomSampler: {type(dataset).__name__} has no method '
                'get_gt_labels(), which gives the class of every sample; add it'
            )
        chances = self._per_sample(np.asarray(dataset.get_gt_labels()), weights)
        if not 0 < chances.sum() < math.inf:
            raise ValueError(
                'weights must be finite, not negative, and above 0 for some class that '
                f'the dataset has, got {weights}'
            )
        self._cumulated = np.cumsum(chances / chances.sum())

    @staticmethod
    def _per_sample(labels: np.ndarray, weights: str | Sequence[float]) -> np.ndarray:
        if isinstance(weights, str):
            if weights != 'balanced':
                raise ValueError(f"weights is 'balanced' or a list, got {weights!r}")
            return 1 / np.bincount(labels)[labels]
        if len(weights) <= labels.max() or min(weights) < 0:
            raise ValueError(
                f'weights has one value, not below 0, for each of {labels.max() + 1} '
                f'classes, got {list(weights)}'
            )
        chances = np.asarray(weights, np.float64)[labels]
        if not chances.any():
            raise ValueError('weights leaves no sample to draw')
        return chances

    def chunks(self) -> Iterator[Chunk]:
        """The whole round at once."""
        total = self.num_samples * self.world_size
        draws = np.random.default_rng([self.seed, self.epoch]).random(total)
        last = len(self._cumulated) - 1
        order = np.searchsorted(self._cumulated, draws, side='right').clip(max=last)
        mine = np.arange(total)[self.rank :: self.world_size][self._take_start() :]
        # One sample can be drawn twice, and is then to look different.
        yield Chunk(order[mine], self.epoch, keys=mine)

    def __len__(self) -> int:
        """Samples of this process in a whole epoch."""
        return self.num_samples
