"""Datasets made of other datasets, which may be made of others themselves.

They are mmengine's, and hand the seed of an index on to the dataset inside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from mmengine import dataset as engine
from torch.utils.data import Dataset

from ..errors import ConfigError, DataError, check_at_least
from ..registry import DATASETS
from .agreement import agree_on_classes, compare_metainfo, ids_by_name, ids_of
from .seeded_index import follow
from .transforms import Compose, rng_of

__all__ = [
    'ClassBalancedDataset',
    'ConcatDataset',
    'DatasetWrapper',
    'MultiImageMixDataset',
    'RepeatDataset',
    'build_dataset',
]


def build_dataset(cfg: dict | Dataset) -> Dataset:
    """A dataset, built if it is described by a dict.

    Raises:
        DataError: if it lacks what a wrapper needs of it.
    """
    dataset = DATASETS.build(cfg) if isinstance(cfg, dict) else cfg
    if not all(hasattr(dataset, name) for name in ('metainfo', 'full_init')):
        raise DataError(
            f'{type(dataset).__name__} cannot be repeated, joined or divided, as it '
            'has no metainfo and full_init(); derive it from BaseDataset'
        )
    return dataset


def _build_datasets(cfgs: Sequence) -> list[Dataset]:
    datasets = []
    for i, cfg in enumerate(cfgs):
        try:
            datasets.append(build_dataset(cfg))
        except ConfigError as error:
            raise ConfigError(
                error.under(str(i)).problems, cfg=cfgs
            ) from error.__cause__
    return datasets


@DATASETS.register_module()
class ConcatDataset(engine.ConcatDataset):
    """Several datasets, one after the other.

    Args:
        datasets: The datasets, or dicts that describe them.
        lazy_init: Whether to read the samples in only when they are needed.
        ignore_keys: Meta information in which the datasets may differ.

    The classes of the datasets are compared by name: those of one are the classes of
    all, and the labels of a dataset that has only some of them, or another order, are
    changed accordingly. So are the ids that COCO's files state for them: each class has
    the id of its file; where these differ, which is reported, that of the dataset that
    has most classes.

    Raises:
        DataError: if no dataset has the classes of all others, or the datasets differ
            in other meta information; once they are read.

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
        ignored = [ignore_keys] if isinstance(ignore_keys, str) else ignore_keys or []
        self._agree = 'classes' not in ignored
        # Classes are compared by name, and their ids follow them.
        self.ignore_keys = [*ignored, 'classes', 'categories', 'cat_ids']
        self.datasets = _build_datasets(datasets)
        if not self.datasets:
            raise ValueError('datasets must name at least one dataset, got none')
        self._metainfo = self.datasets[0].metainfo
        self._cat_ids: dict[str, int] = {}
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Read the samples in, unless that has been done."""
        if not self._fully_initialized:
            for dataset in self.datasets:
                dataset.full_init()
            # Files state some of it, so only now do all datasets have theirs.
            compare_metainfo(self.datasets, self.ignore_keys)
            if self._agree:
                self._cat_ids = ids_by_name(self.datasets)
                agree_on_classes(self.datasets)
            self._metainfo = self._joined_metainfo()
        super().full_init()

    def use_classes(self, classes: Sequence[str]) -> None:
        """Map the labels to another list of classes, by name."""
        self.full_init()
        for dataset in self.datasets:
            dataset.use_classes(classes)
        self._metainfo = self._joined_metainfo()

    def _joined_metainfo(self) -> dict[str, Any]:
        """That of the first dataset, but with the ids that any states for a class."""
        info = dict(self.datasets[0].metainfo)
        if self._cat_ids:
            info['cat_ids'] = ids_of(info['classes'], self._cat_ids)
        return info

    def get_gt_labels(self) -> np.ndarray:
        """The class of every sample, ``(N, )``."""
        self.full_init()
        return np.concatenate([_labels(part) for part in self.datasets])

    def get_cat_ids(self, idx: int) -> list[int]:
        """The classes of one sample."""
        self.full_init()
        part, inner = self._get_ori_dataset_idx(idx)
        return self.datasets[part].get_cat_ids(inner)

    def prepare(self) -> None:
        """Find or download the files of every dataset."""
        for dataset in self.datasets:
            dataset.prepare()

    def __getitem__(self, idx: int) -> Any:
        self.full_init()
        part, inner = self._get_ori_dataset_idx(idx)
        return self.datasets[part][follow(idx, inner)]


class DatasetWrapper:
    """Base of datasets around one other: what is handed on to it."""

    dataset: Dataset

    def _begin(self, dataset: dict | Dataset, lazy_init: bool) -> None:
        self.dataset = build_dataset(dataset)
        self._metainfo = self.dataset.metainfo
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Read the samples in, unless that has been done; files may state classes."""
        if not self._fully_initialized:
            super().full_init()
            self._metainfo = self.dataset.metainfo

    def use_classes(self, classes: Sequence[str]) -> None:
        """Map the labels to another list of classes, by name."""
        self.dataset.use_classes(classes)
        self._metainfo = dict(self.dataset.metainfo)

    def get_gt_labels(self) -> np.ndarray:
        """The class of every sample, ``(N, )``."""
        self.full_init()
        rows = [self._get_ori_dataset_idx(i) for i in range(len(self))]
        return _labels(self.dataset)[rows]

    def get_cat_ids(self, idx: int) -> list[int]:
        """The classes of one sample."""
        self.full_init()
        return self.dataset.get_cat_ids(self._get_ori_dataset_idx(idx))

    def prepare(self) -> None:
        """Find or download the files."""
        self.dataset.prepare()

    def __getitem__(self, idx: int) -> Any:
        self.full_init()
        return self.dataset[follow(idx, self._get_ori_dataset_idx(idx))]


def _labels(dataset: Dataset) -> np.ndarray:
    if not hasattr(dataset, 'get_gt_labels'):
        raise DataError(
            f'{type(dataset).__name__} has no method get_gt_labels(), which gives the '
            'class of every sample; add it'
        )
    return np.asarray(dataset.get_gt_labels())


@DATASETS.register_module()
class RepeatDataset(DatasetWrapper, engine.RepeatDataset):
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
        check_at_least(1, times=times)
        self.times = times
        self._begin(dataset, lazy_init)

    def _get_ori_dataset_idx(self, idx: int) -> int:
        return super()._get_ori_dataset_idx(range(len(self))[idx])  # or IndexError


@DATASETS.register_module()
class ClassBalancedDataset(DatasetWrapper, engine.ClassBalancedDataset):
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

    every_sample: ClassVar[bool] = False

    def __init__(
        self, dataset: dict | Dataset, oversample_thr: float, lazy_init: bool = False
    ) -> None:
        if not 0 <= oversample_thr < math.inf:
            raise ValueError(
                f'oversample_thr must be at least 0 and finite, got {oversample_thr}'
            )
        self.oversample_thr = oversample_thr
        self._begin(dataset, lazy_init)


@DATASETS.register_module()
class MultiImageMixDataset(DatasetWrapper, Dataset):
    """Samples that steps make of several ones, e.g. by :class:`Mosaic`.

    A step that states ``num_others`` finds as many further samples, drawn from the
    dataset, under ``mix_results``.

    Args:
        dataset: The dataset, or a dict that describes it; its pipeline loads, and does
            not pack.
        pipeline: The steps that mix, and all that come after them. A sample for which
            they give nothing is replaced by the next one.
        lazy_init: Whether to read the samples in only when they are needed.
        max_refetch: How many samples in a row may be replaced.

    Raises:
        DataError: if the dataset packs its samples, or too many in a row are replaced.

    Example:
        >>> mixed = DATASETS.build(dict(
        ...     type='MultiImageMixDataset',
        ...     dataset=dict(type='Shapes', num_train=8, pipeline=[]),
        ...     pipeline=[dict(type='Mosaic', img_scale=(64, 64))]))
        >>> len(mixed), mixed[0]['img'].shape
        (8, (128, 128, 3))
    """

    def __init__(
        self,
        dataset: dict | Dataset,
        pipeline: Sequence,
        lazy_init: bool = False,
        max_refetch: int = 1000,
    ) -> None:
        check_at_least(0, max_refetch=max_refetch)
        self.pipeline = Compose(pipeline)
        self.max_refetch = max_refetch
        self._begin(dataset, lazy_init)

    @property
    def metainfo(self) -> dict:
        """What the dataset is about."""
        return dict(self._metainfo)

    def full_init(self) -> None:
        """Read the samples in, unless that has been done."""
        self.dataset.full_init()
        self._metainfo = dict(self.dataset.metainfo)

    def __len__(self) -> int:
        return len(self.dataset)

    def _get_ori_dataset_idx(self, idx: int) -> int:
        return int(idx)

    def __getitem__(self, idx: int) -> Any:
        for _ in range(self.max_refetch + 1):
            results = self._mixed(idx)
            if results is not None:
                return results
            last, idx = idx, follow(idx, (int(idx) + 1) % len(self))
        raise DataError(
            f'MultiImageMixDataset: {self.max_refetch + 1} samples in a row cannot be '
            f'used, up to number {int(last)}; check the data and the pipeline'
        )

    def _mixed(self, idx: int) -> Any:
        results = self._sample(idx)
        rng = rng_of(results)
        for step in self.pipeline.transforms:
            count = getattr(step, 'num_others', 0)
            if count:
                others = [int(rng.random() * len(self)) for _ in range(count)]
                results['mix_results'] = [self._sample(follow(idx, i)) for i in others]
            results = step(results)
            if results is None:
                return None
        return results

    def _sample(self, idx: int) -> dict:
        results = self.dataset[idx]
        if not isinstance(results, dict) or 'img' not in results:
            raise DataError(
                'MultiImageMixDataset mixes images, but the pipeline of its dataset '
                'gives none; let it end with loading, and pack in the pipeline of '
                'MultiImageMixDataset'
            )
        return results
