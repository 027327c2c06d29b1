"""Folds of a dataset."""

import numpy as np
import pytest
import torch

from mmlite.datasets import SeededIndex, load_in_memory
from mmlite.errors import ConfigError, DataError
from mmlite.registry import DATASETS

DIGITS = dict(
    type='Digits', size=8, indices=23, pipeline=[dict(type='PackInputs')], channels=1
)


def fold(number, seed=None, **args):
    cfg = dict(
        type='KFoldDataset', dataset=DIGITS, fold=number, num_splits=4, seed=seed
    )
    return DATASETS.build(cfg | args)


def places(dataset):
    return [dataset.get_data_info(i)['sample_idx'] for i in range(len(dataset))]


@pytest.mark.parametrize('seed', [None, 0, 7])
def test_every_sample_is_tested_once(seed):
    tested = [places(fold(i, seed, test_mode=True)) for i in range(4)]
    assert sorted(sum(tested, [])) == list(range(23))
    for i, inside in enumerate(tested):
        assert sorted(inside + places(fold(i, seed))) == list(range(23))
        assert len(inside) == 23 * (i + 1) // 4 - 23 * i // 4
    order = list(range(23))
    if seed is not None:  # mmpretrain's shuffle
        np.random.default_rng(seed).shuffle(order)
    assert sum(tested, []) == order


def test_labels_samples_and_seeds_are_those_of_the_dataset():
    whole, part = DATASETS.build(DIGITS), fold(1, seed=3)
    chosen = places(part)
    assert part.get_gt_labels().tolist() == whole.get_gt_labels()[chosen].tolist()
    assert part.get_cat_ids(2) == whole.get_cat_ids(chosen[2])
    assert part.metainfo == whole.metainfo and part.CLASSES == whole.CLASSES
    sample, expected = part[SeededIndex(4, seed=9)], whole[chosen[4]]
    assert torch.equal(sample['inputs'], expected['inputs'])
    loaded = load_in_memory(part, torch.device('cpu'))
    rows = loaded.rows_of(np.arange(len(part)))
    assert loaded.samples.field('gt_label')[rows].tolist() == (
        part.get_gt_labels().tolist()
    )


def test_there_is_no_such_fold():
    with pytest.raises(ConfigError, match='fold must be from 0 to num_splits - 1 = 3'):
        fold(4)


def test_more_folds_than_samples_are_refused():
    assert len(fold(0, num_splits=23, test_mode=True)) == 1
    with pytest.raises(DataError, match='23 samples cannot be divided into num_splits'):
        fold(0, num_splits=24)
