"""Walks of people in the tree of folders that OpenGait reads."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from mmengine.logging import print_log

from ..errors import DataError, DataNotFoundError, check_choice
from ..given import absence
from ..registry import DATASETS
from .annotations import file_exists, read_data
from .base_dataset import BaseDataset
from .folders import check_links, is_hidden, subfolders
from .transforms.sequence_files import ARRAY_FILES, PICTURES

__all__ = ['GaitDataset', 'read_partition']

_SETS = dict(train='TRAIN_SET', test='TEST_SET')


def read_partition(partition: str | Mapping[str, Sequence]) -> dict[str, list[str]]:
    """The identities of each set.

    Args:
        partition: A ``.json`` file with ``TRAIN_SET``, ``TEST_SET`` and perhaps
            ``PROBE_SET`` and ``GALLERY_SET``, or the same as a dict.

    Raises:
        DataError: if it is something else.

    Example:
        >>> read_partition(dict(TRAIN_SET=['001'], TEST_SET=[2]))['TEST_SET']
        ['2']
    """
    where = 'partition'
    if not isinstance(partition, Mapping):
        where = str(partition)
        if not file_exists(where):
            raise DataNotFoundError(
                f'the partition file {where} {absence(where)}; set ann_file to the '
                '.json file with TRAIN_SET and TEST_SET'
            )
        partition = read_data(where)
    sets = ('TRAIN_SET', 'TEST_SET')
    if not isinstance(partition, Mapping) or not all(
        isinstance(partition.get(name), (list, tuple)) for name in sets
    ):
        raise DataError(f'{where} has lists of identities, TRAIN_SET and TEST_SET')
    return {
        name: [str(entry) for entry in entries]
        for name, entries in partition.items()
        if isinstance(entries, (list, tuple))
    }


@DATASETS.register_module()
class GaitDataset(BaseDataset):
    """Walks in folders ``identity/type/view``, one sample a folder.

    A folder holds ``.pkl``, ``.npy`` or ``.npz`` files, one a modality with the frames
    first, or the pictures of one walk. Labels are the places of the identities of the
    split in their alphabetical order; the type and the view of a sample, and its
    identity as ``subject``, are kept beside it.

    Args:
        data_root: The folder of the identities.
        ann_file: The partition: a ``.json`` file, or a dict with ``TRAIN_SET`` and
            ``TEST_SET``.
        split: ``'train'`` or ``'test'``; taken from ``test_mode`` if not stated.
        cache: Whether all walks are read once and kept in memory, under the names
            and by the choice of the pipeline's :class:`LoadSequence`.
        self_supervised: Whether each walk is an identity of its own.
        test_mode: Whether a sample must never be replaced by another.
        kwargs: Arguments of :class:`BaseDataset`.

    Shape:
        a sample: ``seq_paths``, ``gt_label``, ``subject``, ``type``, ``view``, and its
        ``place`` among the walks of the split.

    Raises:
        DataNotFoundError: if the folder or the partition is absent.
        DataError: if no walk of the split is there.

    Example:
        >>> import os
        >>> for subject in ('001', '002'):
        ...     folder = f'walks/{subject}/nm-01/090'
        ...     os.makedirs(folder)
        ...     np.save(f'{folder}/090.npy', np.ones((9, 64, 44), np.uint8))
        >>> walks = DATASETS.build(dict(
        ...     type='GaitDataset', data_root='walks',
        ...     ann_file=dict(TRAIN_SET=['002'], TEST_SET=['001'])))
        >>> info = walks.get_data_info(0)
        >>> len(walks), info['subject'], info['view'], info['gt_label']
        (1, '002', '090', 0)
    """

    class_unit: ClassVar[str] = 'identities'

    def __init__(
        self,
        data_root: str = '',
        ann_file: str | Mapping[str, Sequence] = '',
        split: Literal['train', 'test'] | None = None,
        cache: bool = False,
        self_supervised: bool = False,
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        split = split or ('test' if test_mode else 'train')
        check_choice(_SETS, split=split)
        self.split = split
        self.cache = cache
        self.self_supervised = self_supervised
        self._kept: list[dict[str, np.ndarray]] | None = None
        self._partition = ann_file if isinstance(ann_file, Mapping) else None
        super().__init__(
            ann_file='' if self._partition is not None else ann_file,
            data_root=data_root,
            test_mode=test_mode or split == 'test',
            **kwargs,
        )

    def prepare(self) -> None:
        """Check that the folder is there."""
        if not os.path.isdir(self.data_root):
            raise DataNotFoundError(
                f'GaitDataset: the folder {self.data_root or "(data_root is empty)"} '
                'does not exist; set data_root to the folder with one folder for each '
                'identity, as tools/prepare_gait.py makes it'
            )

    def load_data_list(self) -> list[dict]:
        """Look for the walks of the split."""
        partition = read_partition(
            self.ann_file if self._partition is None else self._partition
        )
        wanted = sorted(set(partition[_SETS[self.split]]))
        if 'PROBE_SET' in partition:
            self._metainfo.setdefault('probe_set', tuple(partition['PROBE_SET']))
        present = [s for s in wanted if os.path.isdir(f'{self.data_root}/{s}')]
        samples: list[dict] = []
        subjects: list[str] = []
        for subject in present:
            walks = list(_walks(self.data_root, subject))
            if walks:
                subjects.append(subject)
            samples += walks
        paths = (path for sample in samples for path in sample['seq_paths'])
        check_links(paths, self.data_root)
        self._check(wanted, subjects)
        place = {subject: i for i, subject in enumerate(subjects)}
        for i, sample in enumerate(samples):
            own = i if self.self_supervised else place[sample['subject']]
            sample.update(gt_label=own, place=i)
        if not self.self_supervised:
            self._metainfo['classes'] = tuple(subjects)
        if self.cache:
            self._kept = self._read(samples)
        return samples

    def _check(self, wanted: Sequence[str], found: Sequence[str]) -> None:
        name = _SETS[self.split]
        if not found:
            there = sorted(os.listdir(self.data_root))[:3]
            raise DataError(
                f'GaitDataset: none of the {len(wanted)} identities of {name} has a '
                f'walk in {self.data_root}, which holds '
                f'{", ".join(there) or "nothing"}; set data_root and ann_file'
            )
        missing = [subject for subject in wanted if subject not in set(found)]
        if missing:
            message = (
                f'GaitDataset: {len(missing)} of the {len(wanted)} identities of '
                f'{name} have no walk in {self.data_root}, e.g. {missing[0]}'
            )
            print_log(message, 'current', logging.WARNING)

    def _read(self, samples: list[dict]) -> list[dict[str, np.ndarray]]:
        load = next(
            (s for s in self.pipeline.transforms if type(s).__name__ == 'LoadSequence'),
            None,
        )
        if load is None:
            raise DataError(
                'GaitDataset: cache=True needs LoadSequence in the pipeline'
            )
        keys = load.keys
        read = (load(dict(sample)) for sample in samples)
        return [{key: found[key] for key in keys} for found in read]

    def get_data_info(self, idx: int) -> dict:
        """The walk of a sample, before the pipeline."""
        info = super().get_data_info(idx)
        if self._kept is not None:
            info.update(self._kept[info['place']])
        return info


def _walks(root: str, subject: str) -> Iterator[dict]:
    """The samples of an identity."""
    for kind in subfolders(f'{root}/{subject}'):
        for view in subfolders(f'{root}/{subject}/{kind}'):
            paths = _files(f'{root}/{subject}/{kind}/{view}')
            if paths:
                yield dict(seq_paths=paths, subject=subject, type=kind, view=view)


def _files(folder: str) -> list[str]:
    names = sorted(name for name in os.listdir(folder) if not is_hidden(name))
    arrays = [f'{folder}/{name}' for name in names if name.endswith(ARRAY_FILES)]
    if arrays:
        return arrays
    pictures = any(name.lower().endswith(PICTURES) for name in names)
    if not pictures:
        message = f'GaitDataset: left out {folder}, which holds no walk'
        print_log(message, 'current', logging.WARNING)
    return [folder] if pictures else []
