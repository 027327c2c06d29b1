"""Batches of P classes with K samples each, for losses that compare samples."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import ClassVar

import numpy as np

from ...errors import DataError, check_at_least
from ...registry import DATA_SAMPLERS
from .batches import SeededBatchSampler


@DATA_SAMPLERS.register_module()
class PKSampler(SeededBatchSampler):
    """Draws batches of ``P`` identities with ``K`` samples each.

    Paper: In Defense of the Triplet Loss for Person Re-Identification,
    https://arxiv.org/abs/1703.07737 (section 2).

    Every batch draws its identities anew, without replacement; the samples of an
    identity without replacement too, unless it has fewer than ``K``. Several
    processes share each batch of ``P * K``, sample by sample in turn.

    Args:
        dataset: What to sample from; has ``get_gt_labels()``.
        num_identities: Identities of a batch ``P``.
        num_instances: Samples of each ``K``.
        num_batches: Batches of an epoch; as many as the samples of the dataset
            fill, at least one, if ``None``.
        seed: The same in all processes; drawn, and agreed upon, if ``None``.

    Raises:
        DataError: if there are fewer identities than ``P``.
        ValueError: if the processes cannot share ``P * K`` samples.

    Example:
        >>> digits = DATASETS.build(dict(type='Digits'))
        >>> sampler = PKSampler(digits, num_identities=2, num_instances=3, seed=0)
        >>> labels = [digits.get_cat_ids(i)[0] for i in next(iter(sampler))]
        >>> len(labels), len(set(labels))
        (6, 2)
    """

    every_sample: ClassVar[bool] = False

    def __init__(
        self,
        dataset: Sized,
        num_identities: int,
        num_instances: int,
        num_batches: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(dataset, seed)
        check_at_least(
            1,
            num_identities=num_identities,
            num_instances=num_instances,
            num_batches=num_batches,
        )
        total = num_identities * num_instances
        if total % self.world_size:
            raise ValueError(
                f'num_identities * num_instances is {total}, which '
                f'{self.world_size} processes cannot share; give a multiple'
            )
        self.num_identities = num_identities
        self.num_instances = num_instances
        self.num_batches = num_batches or max(1, len(dataset) // total)
        self.batch_size = total // self.world_size
        self._members = _members(dataset)
        if len(self._members) < num_identities:
            raise DataError(
                f'PKSampler: num_identities={num_identities}, but the dataset has '
                f'{len(self._members)}; set num_identities to that or less'
            )

    def batches(self) -> Iterator[np.ndarray]:
        """This process's share of each batch."""
        rng = self.generator()
        for _ in range(self.num_batches):
            chosen = rng.choice(len(self._members), self.num_identities, replace=False)
            batch = [self._draw(self._members[i], rng) for i in chosen]
            yield np.concatenate(batch)[self.rank :: self.world_size]

    def _draw(self, members: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        short = len(members) < self.num_instances
        return rng.choice(members, self.num_instances, replace=short)

    def __len__(self) -> int:
        """Batches of an epoch, which all processes share."""
        return self.num_batches


def _members(dataset: Sized) -> list[np.ndarray]:
    """The indices of the samples of each identity."""
    if not hasattr(dataset, 'get_gt_labels'):
        raise DataError(
            f'PKSampler: {type(dataset).__name__} has no method get_gt_labels(), which '
            'gives the identity of every sample; add it'
        )
    labels = np.asarray(dataset.get_gt_labels())
    order = np.argsort(labels, kind='stable')
    _, counts = np.unique(labels, return_counts=True)
    return np.split(order, np.cumsum(counts)[:-1])
