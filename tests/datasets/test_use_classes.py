"""A dataset takes over another list of classes: every sample keeps its class."""

from pathlib import Path

import numpy as np
import pytest

from mmlite.datasets import BaseDataset
from mmlite.datasets.packed_files import PackWriter
from mmlite.datasets.storage import ArrayList, PackedList, PathList
from mmlite.errors import DataError
from mmlite.registry import DATASETS

NAMES = ('cat', 'dog', 'owl')
OTHERS = ('owl', 'ape', 'cat', 'dog')
LABELS = [0, 2, 1, 2, 0]


class Stored(BaseDataset):
    """Samples in a storage that is given."""

    METAINFO = dict(classes=NAMES)

    def __init__(self, samples, **kwargs):
        self.samples = samples
        super().__init__(**kwargs)

    def load_data_list(self):
        return self.samples


def packed():
    with PackWriter('pack', 5) as writer:
        for label in LABELS:
            writer.add(np.zeros((2, 2, 3), np.uint8), dict(gt_label=label))
        writer.finish(NAMES)
    return DATASETS.build(dict(type='PackedDataset', data_root='pack'))


def stored(**fields):
    return [dict(fields, gt_label=label) for label in LABELS]


DATA = {
    'arrays': lambda: Stored(ArrayList(np.zeros((5, 2, 2, 1)), np.array(LABELS))),
    'paths': lambda: Stored([dict(img_path='ä.png', gt_label=i) for i in LABELS]),
    'other fields': lambda: Stored(stored(size=3)),
    'a list': lambda: Stored(stored(), serialize_data=False),
    'packed images': packed,
    'a part': lambda: Stored(stored(img_path='a'), indices=[4, 3, 2, 1, 0]),
    'behind each other': lambda: DATASETS.build(
        dict(type='ConcatDataset', datasets=[Stored(stored()), Stored(stored())])
    ),
    'repeated': lambda: DATASETS.build(
        dict(type='RepeatDataset', dataset=Stored(stored()), times=2)
    ),
    'balanced': lambda: DATASETS.build(
        dict(type='ClassBalancedDataset', dataset=Stored(stored()), oversample_thr=0.5)
    ),
}


def classes_of(dataset):
    names = dataset.metainfo['classes']
    return [names[dataset.get_data_info(i)['gt_label']] for i in range(len(dataset))]


@pytest.mark.parametrize('kind', DATA)
def test_every_sample_keeps_its_class(kind):
    dataset = DATA[kind]()
    before = classes_of(dataset)
    assert sorted(set(before)) == sorted(NAMES)
    dataset.use_classes(OTHERS)
    assert dataset.metainfo['classes'] == OTHERS
    assert classes_of(dataset) == before
    labels = [OTHERS[label] for label in dataset.get_gt_labels()]
    assert labels == before
    assert [OTHERS[dataset.get_cat_ids(i)[0]] for i in range(len(dataset))] == before


def test_several_labels_a_sample():
    dataset = Stored([dict(gt_label=[0, 2]), dict(gt_label=[]), dict(gt_label=[1])])
    dataset.use_classes(OTHERS)
    assert [dataset.get_cat_ids(i) for i in range(3)] == [[2, 0], [], [3]]


def test_the_storage_stays_as_it_is():
    for samples, kind in (
        ([dict(img_path='a', gt_label=0)], PathList),
        ([dict(size=1, gt_label=0)], PackedList),
    ):
        dataset = Stored(samples)
        assert type(dataset.data_list) is kind
        dataset.use_classes(OTHERS)
        assert type(dataset.data_list) is kind


def test_what_cannot_be_taken_over():
    with pytest.raises(DataError, match="class 'cat' and 1 more are not among the 2"):
        Stored(stored()).use_classes(['dogs', 'owl'])
    with pytest.raises(DataError, match='labels beyond its 3 classes'):
        Stored(stored() + [dict(gt_label=3)]).use_classes(OTHERS)

    class Own(Stored):
        def get_data_info(self, idx):
            return super().get_data_info(idx)

    Own(stored()).use_classes([*NAMES, 'more'])  # nothing changes
    with pytest.raises(DataError, match='Own makes its samples itself'):
        Own(stored()).use_classes(OTHERS)


def concat(*parts, **args):
    return DATASETS.build(dict(type='ConcatDataset', datasets=list(parts), **args))


@pytest.mark.parametrize('lazy', [False, True])
def test_datasets_behind_each_other_agree_by_name(lazy):
    some = Stored([dict(gt_label=i) for i in (0, 1)], classes=['owl', 'cat'])
    dataset = concat(some, Stored(stored()), lazy_init=lazy)
    dataset.full_init()
    assert dataset.metainfo['classes'] == NAMES
    assert classes_of(dataset) == ['owl', 'cat', *(NAMES[i] for i in LABELS)]


def test_datasets_behind_each_other_that_do_not_agree():
    other = Stored([dict(gt_label=0)], classes=['cow'])
    message = r"datasets.0 has 1 classes, datasets.1 has 3: the class 'cow' is not"
    with pytest.raises(DataError, match=message):
        concat(other, Stored(stored()))
    kept = concat(other, Stored(stored()), ignore_keys='classes')
    assert kept.get_gt_labels().tolist() == [0, *LABELS]
    unnamed = Stored(stored(), metainfo=dict(classes=None))
    with pytest.raises(DataError, match='cannot be compared; state classes'):
        concat(unnamed, Stored(stored()))
    assert len(concat(unnamed, unnamed)) == 10
    with pytest.raises(DataError, match='name what may differ in ignore_keys'):
        concat(Stored(stored(), metainfo=dict(year=1)), Stored(stored()))


def test_folders_of_val_beside_train(tmp_path: Path):
    for name in ('train/a', 'train/b', 'train/c', 'val/a', 'val/c', 'other/a'):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / '0.png').touch()
    cfg = dict(type='CustomDataset', data_root=str(tmp_path))
    val = DATASETS.build(dict(cfg, data_prefix='val'))
    assert val.CLASSES == ('a', 'b', 'c') and val.get_gt_labels().tolist() == [0, 2]
    assert DATASETS.build(dict(cfg, data_prefix='other')).CLASSES == ('a',)
