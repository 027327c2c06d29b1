from __future__ import annotations

import json

import pytest
import torch
from torch.utils.data import TensorDataset

from mmlite.datasets import BaseDataset, SeededIndex
from mmlite.errors import ConfigError, DataError
from mmlite.registry import DATA_SAMPLERS, DATASETS


@DATASETS.register_module(force=True)
class Few(BaseDataset):
    """Sample i is (i, a number drawn for it); the first of three is rare."""

    def __init__(self, count: int = 3, **kwargs) -> None:
        self.count = count
        self.prepared = 0
        super().__init__(pipeline=[self.draw], **kwargs)

    @staticmethod
    def draw(results: dict) -> tuple[int, float]:
        return results['number'], results['rng'].random()

    def prepare(self) -> None:
        self.prepared += 1

    def load_data_list(self) -> list[dict]:
        return [dict(number=i, gt_label=min(i, 1)) for i in range(self.count)]


def drawn(dataset, index: int, seed: int) -> tuple[int, float]:
    return dataset[SeededIndex(index, seed)]


def test_concat_keeps_order_and_seed() -> None:
    cfg = dict(type='Few', lazy_init=True)
    dataset = DATASETS.build(
        dict(type='ConcatDataset', datasets=[cfg, dict(cfg, count=2)], lazy_init=True)
    )
    dataset.prepare()
    assert [part.prepared for part in dataset.datasets] == [1, 1]
    inner = Few()
    results = [drawn(dataset, i, seed=100 + i) for i in range(5)]
    assert [number for number, _ in results] == [0, 1, 2, 0, 1]
    assert results[3] == drawn(inner, 0, seed=103)
    assert len(dataset) == 5


def test_a_repeated_sample_is_augmented_anew() -> None:
    dataset = DATASETS.build(dict(type='RepeatDataset', dataset=Few(), times=2))
    assert len(dataset) == 6
    first, again = drawn(dataset, 1, seed=1), drawn(dataset, 4, seed=2)
    assert first[0] == again[0] == 1
    assert first[1] != again[1]
    assert again == drawn(Few(), 1, seed=2)


def test_class_balanced_repeats_the_rare() -> None:
    # Class 0 has 1 of 9 samples: sqrt(1 / (1/9)) = 3 times; class 1: ceil(1.06) = 2.
    cfg = dict(type='ClassBalancedDataset', dataset=dict(type='Few', count=9))
    dataset = DATASETS.build(dict(cfg, oversample_thr=1.0))
    numbers = [drawn(dataset, i, seed=i)[0] for i in range(len(dataset))]
    assert numbers.count(0) == 3
    assert all(numbers.count(i) == 2 for i in range(1, 9))


def test_a_mistake_inside_has_its_place() -> None:
    inner = dict(type='Few', cont=3)
    with pytest.raises(ConfigError, match=r'^datasets\.1: .*count'):
        DATASETS.build(dict(type='ConcatDataset', datasets=[dict(type='Few'), inner]))
    with pytest.raises(ConfigError, match=r'^dataset: .*count'):
        DATASETS.build(dict(type='RepeatDataset', dataset=inner, times=2))


def test_wrappers_give_the_labels_of_their_samples() -> None:
    few = dict(type='Few', count=4, lazy_init=True)
    cases = (
        dict(type='ConcatDataset', datasets=[few, dict(few, count=2)]),
        dict(type='RepeatDataset', dataset=few, times=3),
        dict(type='ClassBalancedDataset', dataset=few, oversample_thr=1.0),
    )
    for cfg in cases:
        dataset = DATASETS.build(cfg)
        expected = [min(drawn(dataset, i, 0)[0], 1) for i in range(len(dataset))]
        assert dataset.get_gt_labels().tolist() == expected
        found = [dataset.get_cat_ids(i) for i in range(len(dataset))]
        assert found == [[label] for label in expected]
        sampler = dict(type='WeightedRandomSampler', seed=0)
        order = DATA_SAMPLERS.build(sampler, default_args=dict(dataset=dataset))
        assert {expected[i] for i in order} == {0, 1}


def test_a_dataset_without_labels_is_named() -> None:
    dataset = DATASETS.build(dict(type='RepeatDataset', dataset=Few(), times=2))
    dataset.dataset = TensorDataset(torch.zeros(3))
    with pytest.raises(DataError, match=r'TensorDataset has no method get_gt_labels'):
        dataset.get_gt_labels()


@pytest.mark.parametrize(
    ('cfg', 'said'),
    [
        (dict(type='RepeatDataset', times=0), 'times must be at least 1'),
        (dict(type='RepeatDataset', times=-1), 'times must be at least 1'),
        (dict(type='ClassBalancedDataset', oversample_thr=-1.0), 'must be at least 0'),
        (dict(type='ClassBalancedDataset', oversample_thr=float('nan')), 'and finite'),
        (dict(type='KFoldDataset', num_splits=1), 'num_splits must be at least 2'),
        (dict(type='ConcatDataset', datasets=[]), 'at least one dataset'),
    ],
)
def test_wrappers_of_nothing(cfg, said) -> None:
    if 'datasets' not in cfg:
        cfg = dict(cfg, dataset=dict(type='Few'))
    with pytest.raises(ConfigError, match=said):
        DATASETS.build(cfg)


def test_a_wrapper_needs_more_than_any_dataset_has() -> None:
    plain = TensorDataset(torch.zeros(3))
    with pytest.raises(DataError, match=r'TensorDataset cannot be .* full_init\(\)'):
        DATASETS.build(dict(type='RepeatDataset', dataset=plain, times=2))


@pytest.mark.parametrize('label', [None, dict(task=0), 'name'])
def test_classes_that_a_sample_has_not(label) -> None:
    class Odd(Few):
        def load_data_list(self) -> list[dict]:
            return [dict(number=0) | ({} if label is None else dict(gt_label=label))]

    with pytest.raises(DataError, match=r'Odd: sample 0 has .* as gt_label, but it'):
        DATASETS.build(
            dict(type='ClassBalancedDataset', dataset=Odd(), oversample_thr=0.5)
        )
    with pytest.raises(DataError, match='TensorDataset has no method get_gt_labels'):
        given = dict(dataset=TensorDataset(torch.zeros(3)))
        DATA_SAMPLERS.build(dict(type='WeightedRandomSampler'), default_args=given)
    for weights in ([float('nan'), 1.0], [float('inf'), 1.0], [0.0, 0.0]):
        with pytest.raises(ConfigError, match='WeightedRandomSampler: weights'):
            DATA_SAMPLERS.build(
                dict(type='WeightedRandomSampler', weights=weights),
                default_args=dict(dataset=Few(lazy_init=False)),
            )


def _repeated(inner, times=2):
    return dict(type='RepeatDataset', dataset=inner, times=times)


def _joined(*parts):
    return dict(type='ConcatDataset', datasets=list(parts))


FEW = dict(type='Few')
TWO = dict(type='Few', count=2)


@pytest.mark.parametrize(
    ('cfg', 'numbers'),
    [
        (_joined(_repeated(FEW), TWO), [0, 1, 2, 0, 1, 2, 0, 1]),
        (_repeated(_joined(TWO, FEW)), [0, 1, 0, 1, 2, 0, 1, 0, 1, 2]),
        (_joined(_joined(TWO, TWO), _joined(FEW)), [0, 1, 0, 1, 0, 1, 2]),
        (_repeated(_repeated(TWO), 3), [0, 1] * 6),
        # The second third of five samples, 5 // 3 to 10 // 3, is left out.
        (
            _repeated(
                dict(type='KFoldDataset', dataset=_joined(TWO, FEW), fold=1)
                | dict(num_splits=3)
            ),
            [0, 1, 2, 0, 1, 2],
        ),
        # Class 0 has 2 of 5 samples: sqrt(0.5 / 0.4) = 1.1 times, so twice.
        (
            dict(type='ClassBalancedDataset', dataset=_joined(TWO, FEW))
            | dict(oversample_thr=0.5),
            [0, 0, 1, 0, 0, 1, 2],
        ),
    ],
)
@pytest.mark.parametrize('as_object', [False, True])
def test_wrappers_in_wrappers(cfg, numbers, as_object) -> None:
    if as_object:
        inner = cfg.get('dataset') or cfg['datasets'][0]
        inner = DATASETS.build(inner)
        several = 'datasets' in cfg
        new = dict(datasets=[inner, *cfg['datasets'][1:]] if several else None)
        cfg = cfg | (new if several else dict(dataset=inner))
    dataset = DATASETS.build(cfg)
    assert [drawn(dataset, i, i)[0] for i in range(len(dataset))] == numbers
    # Sample 0 is of class 0, the others are of class 1.
    labels = [min(number, 1) for number in numbers]
    assert dataset.get_gt_labels().tolist() == labels
    assert [dataset.get_cat_ids(i)[0] for i in range(len(dataset))] == labels
    sampler = DATA_SAMPLERS.build(
        dict(type='WeightedRandomSampler'), default_args=dict(dataset=dataset, seed=0)
    )
    chosen = [numbers[i] for i in [*sampler, *sampler, *sampler]]
    assert 0 < chosen.count(0) < len(chosen)


@pytest.mark.parametrize(
    ('one', 'other', 'message'),
    [
        (
            dict(year=1),
            dict(year=2),
            'has year=1 in its metainfo, datasets.1 has year=2',
        ),
        (dict(year=1), dict(), 'has year=1 in its metainfo, datasets.1 has no year'),
        (dict(), dict(year=1), 'has no year in its metainfo, datasets.1 has year=1'),
        (dict(p=[(1, 2)]), dict(p=[[1, 3]]), 'datasets.1 has p='),
    ],
)
def test_datasets_about_something_else_are_not_joined(one, other, message) -> None:
    parts = [dict(FEW, metainfo=one), dict(FEW, metainfo=other)]
    with pytest.raises(
        DataError, match='name what may differ in ignore_keys'
    ) as caught:
        DATASETS.build(_joined(*parts))
    assert message in str(caught.value)
    allowed = dict(_joined(*parts), ignore_keys=['year', 'p'])
    assert len(DATASETS.build(allowed)) == 6


def test_what_files_state_is_compared_when_they_are_read(tmp_path) -> None:
    for year in (1, 2):
        content = dict(
            metainfo=dict(year=year), data_list=[dict(img_path='a.png', gt_label=0)]
        )
        (tmp_path / f'{year}.json').write_text(json.dumps(content))
    one, two = (
        dict(type='BaseDataset', ann_file=str(tmp_path / f'{year}.json'))
        for year in (1, 2)
    )
    assert len(DATASETS.build(_joined(one, dict(one, lazy_init=True)))) == 2
    late = DATASETS.build(dict(_joined(one, dict(two, lazy_init=True)), lazy_init=True))
    with pytest.raises(DataError, match=r'has year=1 .* datasets\.1 has year=2'):
        len(late)


def test_lists_and_tuples_of_one_content_are_the_same() -> None:
    parts = [dict(FEW, metainfo=dict(p=p)) for p in ([(1, 2)], ([1, 2],))]
    assert len(DATASETS.build(_joined(*parts))) == 6


@pytest.mark.parametrize('index', [6, -7])
def test_a_repeated_dataset_ends(index) -> None:
    three = dict(type='Digits', indices=3)
    repeated = DATASETS.build(dict(type='RepeatDataset', times=2, dataset=three))
    assert [sample['sample_idx'] for sample in repeated] == [0, 1, 2, 0, 1, 2]
    assert repeated[-1]['sample_idx'] == 2
    with pytest.raises(IndexError, match='out of range'):
        repeated[index]


def coco(folder, ids: dict[str, int], *images: list[str]) -> dict:
    """A dataset of a COCO file: the ids of its classes, and what is in each image."""
    folder.mkdir()
    content = dict(
        images=[dict(id=i, file_name=f'{i}.png') for i in range(len(images))],
        categories=[dict(id=number, name=name) for name, number in ids.items()],
        annotations=[
            dict(id=n, image_id=i, category_id=ids[name], bbox=[0, 0, 1, 1])
            for n, (i, name) in enumerate(
                (i, name) for i, image in enumerate(images) for name in image
            )
        ],
    )
    (folder / 'boxes.json').write_text(json.dumps(content))
    return dict(
        type='CocoDataset', data_root=str(folder), ann_file='boxes.json', pipeline=[]
    )


WRAPPED = {
    'alone': lambda cfg: cfg,
    'repeated': lambda cfg: dict(type='RepeatDataset', dataset=cfg, times=1),
    'balanced': lambda cfg: dict(
        type='ClassBalancedDataset', dataset=cfg, oversample_thr=0.0
    ),
    'joined': lambda cfg: _joined(cfg),
    'read late': lambda cfg: dict(
        type='RepeatDataset', times=1, dataset=dict(cfg, lazy_init=True)
    ),
}


@pytest.mark.parametrize('wrapped', WRAPPED.values(), ids=WRAPPED)
def test_joined_datasets_have_the_ids_of_all_their_files(wrapped, tmp_path) -> None:
    few = coco(tmp_path / 'few', dict(dog=7, cat=3), ['dog'], ['cat', 'dog'])
    all_ids = dict(emu=9, cat=3, dog=7)
    every = coco(tmp_path / 'all', all_ids, ['emu', 'cat'], [])
    dataset = DATASETS.build(wrapped(_joined(few, every)))
    names, ids = (dataset.metainfo[key] for key in ('classes', 'cat_ids'))
    assert dict(zip(names, ids, strict=True)) == all_ids
    found = [{names[i] for i in dataset.get_cat_ids(at)} for at in range(4)]
    assert found == [{'dog'}, {'cat', 'dog'}, {'emu', 'cat'}, set()]
    dataset.use_classes(['fox', 'dog', 'emu', 'cat'])
    names, ids = (dataset.metainfo[key] for key in ('classes', 'cat_ids'))
    assert {name: ids[names.index(name)] for name in all_ids} == all_ids
    assert ids[0] not in all_ids.values()
    assert {names[i] for i in dataset.get_cat_ids(1)} == {'cat', 'dog'}


def test_ids_that_differ_are_those_of_the_most_classes(tmp_path, capsys) -> None:
    # Each tool counts from 1, so that two classes have one id.
    one = coco(tmp_path / 'one', dict(dog=1), ['dog'])
    both = coco(tmp_path / 'both', dict(cat=1, dog=2), ['cat'])
    info = DATASETS.build(_joined(one, both)).metainfo
    assert info['classes'] == ('cat', 'dog') and info['cat_ids'] == [1, 2]
    said = capsys.readouterr().out
    assert "'dog' has the id 1 in datasets.0; the ids of datasets.1, which has" in said


def test_ids_are_kept_beside_files_that_state_none(tmp_path) -> None:
    class Named(Few):
        METAINFO = dict(classes=('dog', 'cat'))

    numbered = coco(tmp_path / 'x', dict(cat=4, dog=2), ['cat'])
    info = DATASETS.build(_joined(Named(), numbered)).metainfo
    assert dict(zip(info['classes'], info['cat_ids'], strict=True)) == dict(
        cat=4, dog=2
    )


def test_what_is_rare_counts_over_all_joined_datasets(tmp_path) -> None:
    one = coco(tmp_path / 'one', dict(dog=1), *[['dog']] * 7)
    both = coco(tmp_path / 'both', dict(cat=1, dog=2), ['cat'], ['dog'])
    cfg = dict(type='ClassBalancedDataset', dataset=_joined(one, both))
    dataset = DATASETS.build(dict(cfg, oversample_thr=1.0))
    # A cat is in 1 of 9 images: sqrt(9) = 3 times; a dog in 8: ceil(1.06) = 2.
    classes = [dataset.get_cat_ids(i) for i in range(len(dataset))]
    assert classes.count([0]) == 3 and classes.count([1]) == 2 * 8


@pytest.mark.parametrize('name', ['RepeatDataset', 'ClassBalancedDataset'])
def test_classes_of_a_dataset_that_is_read_late(name, tmp_path) -> None:
    inner = coco(tmp_path / 'x', dict(cat=4), ['cat']) | dict(lazy_init=True)
    extra = dict(RepeatDataset=dict(times=2)).get(name, dict(oversample_thr=0.5))
    dataset = DATASETS.build(dict(type=name, dataset=inner, lazy_init=True, **extra))
    assert 'classes' not in dataset.metainfo
    dataset.full_init()
    assert dataset.metainfo['classes'] == ('cat',)
    assert dataset.metainfo['cat_ids'] == [4]
