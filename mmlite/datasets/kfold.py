"""Cross-validation."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

import numpy as np
from torch.utils.data import Dataset

from ..errors import DataError, check_at_least
from ..registry import DATASETS
from .wrappers import DatasetWrapper, build_dataset


@DATASETS.register_module()
class KFoldDataset(DatasetWrapper):
    """A dataset without one of its folds, or that fold alone.

    The samples are shuffled, and divided into folds of nearly the same size; those are
    mmpretrain's for the same seed.

    Args:
        dataset: The dataset, or a dict that describes it.
        fold: Which fold is for validation, counted from 0.
        num_splits: How many folds there are.
        test_mode: Whether to take that fold; else all others.
        seed: Says how to shuffle; without, the samples stay in order.
        lazy_init: Whether to read the samples in only when they are needed.

    Raises:
        ValueError: if there is no such fold.
        DataError: if there are more folds than samples.

    Example:
        >>> cfg = dict(type='KFoldDataset', dataset=dict(type='Digits'), num_splits=3)
        >>> len(DATASETS.build(cfg)), len(DATASETS.build(dict(cfg, test_mode=True)))
        (959, 479)
    """

    held_out_by: ClassVar[str] = 'test_mode'

    def __init__(
        self,
        dataset: dict | Dataset,
        fold: int = 0,
        num_splits: int = 5,
        test_mode: bool = False,
        seed: int | None = None,
        lazy_init: bool = False,
    ) -> None:
        check_at_least(2, num_splits=num_splits)
        if not 0 <= fold < num_splits:
            raise ValueError(
                f'fold must be from 0 to num_splits - 1 = {num_splits - 1}, got {fold}'
            )
        self.fold = fold
        self.num_splits = num_splits
        self.test_mode = test_mode
        self.seed = seed
        self.dataset = build_dataset(dataset)
        self._metainfo: dict[str, Any] = self.dataset.metainfo
        self._fully_initialized = False
        self._indices: list[int] = []
        of_inner = isinstance(dataset, dict) and dataset.get('lazy_init', False)
        if not (lazy_init or of_inner):
            self.full_init()

    @property
    def metainfo(self) -> dict[str, Any]:
        """What the dataset is about."""
        return copy.deepcopy(self._metainfo)

    @property
    def CLASSES(self) -> Any:  # noqa: N802
        """Names of the classes."""
        return self._metainfo.get('classes')

    def full_init(self) -> None:
        """Read the samples in, and choose those of the fold."""
        if self._fully_initialized:
            return
        self.dataset.full_init()
        self._metainfo = self.dataset.metainfo
        total = len(self.dataset)
        if total < self.num_splits:
            raise DataError(
                f'KFoldDataset: {total} samples cannot be divided into '
                f'num_splits={self.num_splits}, as some of them would be empty'
            )
        order = list(range(total))
        if self.seed is not None:
            np.random.default_rng(self.seed).shuffle(order)
        start, end = (total * f // self.num_splits for f in (self.fold, self.fold + 1))
        inside, outside = order[start:end], order[:start] + order[end:]
        self._indices = inside if self.test_mode else outside
        self._fully_initialized = True

    def get_data_info(self, idx: int) -> dict:
        """The annotation of a sample, before the pipeline."""
        self.full_init()
        return self.dataset.get_data_info(self._get_ori_dataset_idx(idx))

    def _get_ori_dataset_idx(self, idx: int) -> int:
        return self._indices[idx]

    def __len__(self) -> int:
        self.full_init()
        return len(self._indices)
