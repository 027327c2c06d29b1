"""Datasets made of other datasets.

They are mmengine's, and hand the seed of an index on to the dataset inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine import dataset as engine
from torch.utils.data import Dataset

from ..errors import ConfigError
from ..registry import DATASETS
from .seeded_index import follow

__all__ = ['ClassBalancedDataset', 'ConcatDataset', 'RepeatDataset']


def _built(cfg: dict | Dataset) -> Dataset:
    return DATASETS.build(cfg) if isinstance(cfg, dict) else cfg


def _each_built(cfgs: Sequence) -> list[Dataset]:
    datasets = []
    for i, cfg in enumerate(cfgs):
        try:
            datasets.append(_built(cfg))
        except ConfigError as error:
            raise ConfigError(
                error.under(str(i)).problems, cfg=cfgs
            ) from error.__cause__
    return datasets


@DATASETS.register_module()
class ConcatDataset(engine.ConcatDataset):
    """Several datasets, one behind the other.

    Args:
        datasets: The datasets, or dicts that describe them.
        lazy_init: Whether to read the samples in only when they are needed.
        ignore_keys: Meta information in which the datasets may differ.

    Example:
        >>> parts = [dict(type='Digits', split=split) for split in ('train', 'test')]
        >>> len(DATASETS.build(dict(type='ConcatDataset', datasets=parts)))
        1797
    """

    def __init__(
        self,
        datasets: Sequence,
        lazy_init: bool = False,
        ignore_keys: str | list[str] | None = None,
    ) -> None:
        super().__init__(_each_built(datasets), lazy_init, ignore_keys)

    def prepare(self) -> None:
        """Find or download the files of every dataset."""
        for dataset in self.datasets:
            dataset.prepare()

    def __getitem__(self, idx: int) -> Any:
        self.full_init()
        part, inner = self._get_ori_dataset_idx(idx)
        return self.datasets[part][follow(idx, inner)]

    def get_gt_labels(self) -> np.ndarray:
        """The class of every sample, ``(N, )``."""
        self.full_init()
        return np.concatenate([part.get_gt_labels() for part in self.datasets])

    def get_cat_ids(self, idx: int) -> list[int]:
        """The classes of one sample."""
        self.full_init()
        part, inner = self._get_ori_dataset_idx(idx)
        return self.datasets[part].get_cat_ids(inner)


@DATASETS.register_module()
class RepeatDataset(engine.RepeatDataset):
    """A dataset several times over, so that a short epoch becomes a long one.

    Args:
        dataset: The dataset, or a dict that describes it.
        times: How often it is repeated.
        lazy_init: Whether to read the samples in only when they are needed.

    Example:
        >>> cfg = dict(type='RepeatDataset', dataset=dict(type='Digits'), times=3)
        >>> len(DATASETS.build(cfg))
        4314
    """

    def __init__(
        self, dataset: dict | Dataset, times: int, lazy_init: bool = False
    ) -> None:
        super().__init__(_built(dataset), times, lazy_init)

    def prepare(self) -> None:
        """Find or download the files."""
        self.dataset.prepare()

    def __getitem__(self, idx: int) -> Any:
        self.full_init()
        return self.dataset[follow(idx, self._get_ori_dataset_idx(idx))]

    def get_gt_labels(self) -> np.ndarray:
        """The class of every sample, ``(N, )``."""
        self.full_init()
        labels = self.dataset.get_gt_labels()
        return labels[[self._get_ori_dataset_idx(i) for i in range(len(self))]]

    def get_cat_ids(self, idx: int) -> list[int]:
        """The classes of one sample."""
        self.full_init()
        return self.dataset.get_cat_ids(self._get_ori_dataset_idx(idx))


@DATASETS.register_module()
class ClassBalancedDataset(engine.ClassBalancedDataset):
    """Repeats samples of rare classes.

    Paper: LVIS: A Dataset for Large Vocabulary Instance Segmentation, CVPR 2019,
    https://arxiv.org/abs/1908.03195 (repeat factor sampling).

    Args:
        dataset: The dataset, or a dict that describes it.
        oversample_thr: Classes found in a smaller fraction of the samples are
            repeated.
        lazy_init: Whether to read the samples in only when they are needed.

    Example:
        >>> cfg = dict(type='ClassBalancedDataset', dataset=dict(type='Digits'),
        ...            oversample_thr=0.01)
        >>> len(DATASETS.build(cfg))  # no digit is that rare
        1438
    """

    def __init__(
        self, dataset: dict | Dataset, oversample_thr: float, lazy_init: bool = False
    ) -> None:
        super().__init__(_built(dataset), oversample_thr, lazy_init)

    def prepare(self) -> None:
        """Find or download the files."""
        self.dataset.prepare()

    def __getitem__(self, idx: int) -> Any:
        self.full_init()
        return self.dataset[follow(idx, self._get_ori_dataset_idx(idx))]

    def get_gt_labels(self) -> np.ndarray:
        """The class of every sample, ``(N, )``."""
        self.full_init()
        labels = self.dataset.get_gt_labels()
        return labels[[self._get_ori_dataset_idx(i) for i in range(len(self))]]

    def get_cat_ids(self, idx: int) -> list[int]:
        """The classes of one sample."""
        self.full_init()
        return self.dataset.get_cat_ids(self._get_ori_dataset_idx(idx))
