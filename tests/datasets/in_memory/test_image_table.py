"""Several samples at once, of datasets that store arrays."""

from __future__ import annotations

import pickle

import pytest
import torch
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmlite.datasets import DefaultSampler, Digits, SeededIndex, default_collate
from mmlite.datasets.in_memory.image_table import Batch
from mmlite.datasets.transforms import (
    BaseTransform,
    Compose,
    PackInputs,
    RandomCrop,
    RandomFlip,
    Resize,
)
from mmlite.datasets.transforms.base import batched_version_of, draws

CROP = dict(type='RandomCrop', crop_size=8, padding=2)
FLIP = dict(type='RandomFlip', prob=0.5)
PACK = dict(type='PackInputs')
INDICES = [SeededIndex(i, seed=100 + i, epoch=i % 2) for i in (5, 3, 9, 5)]


def digits(*pipeline, kind=Digits):
    return kind(pipeline=list(pipeline), size=8, indices=20)


def same(first, second):
    return len(first) == len(second) and all(
        torch.equal(a['inputs'], b['inputs'])
        and a['data_samples'].gt_label.tolist() == b['data_samples'].gt_label.tolist()
        and a['data_samples'].metainfo == b['data_samples'].metainfo
        for a, b in zip(first, second, strict=True)
    )


def test_without_anything_random_it_is_each_sample():
    for channels in (1, 3):
        dataset = Digits(pipeline=[PACK], size=8, indices=20, channels=channels)
        got = dataset.__getitems__(INDICES)
        assert isinstance(got, Batch)
        assert same(got, [dataset[i] for i in INDICES])
        whole = default_collate(got)
        assert whole is got.whole and whole['inputs'].is_contiguous()
        assert whole['inputs'].shape == (4, channels, 8, 8)


def test_a_sample_does_not_depend_on_the_others():
    dataset = digits(CROP, FLIP, dict(type='AlternatingFlip'), PACK)
    together = dataset.__getitems__(INDICES)
    assert same([dataset.__getitems__([i])[0] for i in INDICES], together)
    again = dataset.__getitems__([SeededIndex(5, seed=1), INDICES[0]])
    assert not torch.equal(again[0]['inputs'], together[0]['inputs'])
    assert torch.equal(again[1]['inputs'], together[0]['inputs'])


def test_the_dataset_is_left_alone():
    dataset = digits(PACK)
    before = dataset.data_list.images.copy()
    dataset.__getitems__(INDICES).whole['inputs'].fill_(7)
    assert (dataset.data_list.images == before).all()


@pytest.mark.parametrize('workers', [0, 1])
def test_any_collation_takes_it(workers):
    dataset = digits(CROP, FLIP, PACK)

    def batches(collate):
        sampler = DefaultSampler(dataset, seed=4)
        return list(
            DataLoader(
                dataset, 6, sampler=sampler, collate_fn=collate, num_workers=workers
            )
        )

    for ours, theirs in zip(
        batches(default_collate), batches(pseudo_collate), strict=True
    ):
        assert torch.equal(ours['inputs'], torch.stack(theirs['inputs']))
        labels = [s.gt_label.item() for s in theirs['data_samples']]
        assert ours['data_samples'].field('gt_label').tolist() == labels


def test_indices_without_seeds_are_loaded_one_by_one():
    got = digits(CROP, PACK).__getitems__([3, 5])
    assert isinstance(got, list) and len(got) == 2


def test_a_pipeline_that_changes_is_noticed():
    dataset = digits(PACK)
    assert isinstance(dataset.__getitems__(INDICES), Batch)
    dataset.pipeline = Compose([dict(type='Resize', scale=4), PACK])
    assert dataset.__getitems__(INDICES)[0]['inputs'].shape == (3, 4, 4)
    dataset.pipeline.transforms[0] = RandomCrop(5)
    assert dataset.__getitems__(INDICES)[0]['inputs'].shape == (3, 5, 5)
    dataset.data_list = dataset.data_list.subset([9] * 20)
    labels = {s['data_samples'].gt_label.item() for s in dataset.__getitems__(INDICES)}
    assert labels == {dataset.data_list[0]['gt_label']}


def test_a_copy_for_another_process_is_no_larger():
    dataset = digits(CROP, PACK)
    size = len(pickle.dumps(dataset))
    expected = dataset.__getitems__(INDICES)
    sent = pickle.dumps(dataset)
    assert len(sent) == size
    assert same(pickle.loads(sent).__getitems__(INDICES), expected)


class Inverted(Digits):
    def get_data_info(self, idx):
        info = super().get_data_info(idx)
        return info | dict(img=255 - info['img'])


class Brighter(RandomFlip):
    """Inherits a batched version that does something else."""

    def transform(self, results):
        results = super().transform(results)
        return results | dict(img=results['img'] // 2 + 128)


class Dice(Resize):
    """Inherits the word that it is not random."""

    def transform(self, results):
        self.scale = (results['rng'].randint(3, 9),) * 2
        return super().transform(results)


class Packed(PackInputs):
    def transform(self, results):
        return super().transform(results | dict(gt_label=0))


@pytest.mark.parametrize(
    ('pipeline', 'kind'),
    [
        ([CROP, PACK], Inverted),
        ([Brighter(0.5), PACK], Digits),
        ([Dice(4), PACK], Digits),
        ([CROP, Packed()], Digits),
        ([CROP, dict(PACK, input_key=['img'])], Digits),
        ([CROP, dict(type='ColorJitter', brightness=0.5), PACK], Digits),
        ([dict(type='Resize', scale=5), PACK], Digits),
        ([CROP], Digits),
        ([], Digits),
    ],
)
def test_what_has_no_batched_version_is_loaded_one_by_one(pipeline, kind):
    dataset = digits(*pipeline, kind=kind)
    got = dataset.__getitems__(INDICES)
    assert isinstance(got, list)
    for ours, index in zip(got, INDICES, strict=True):
        expected = dataset[index]
        key = 'inputs' if 'inputs' in expected else 'img'
        if key in expected:
            pair = ours[key], expected[key]
            if isinstance(pair[0], dict):
                pair = pair[0]['img'], pair[1]['img']
            assert torch.equal(*map(torch.as_tensor, pair))


def test_what_a_class_says_holds_for_how_it_transforms():
    class Same(Resize):
        """Adds nothing."""

    class Own(Resize):
        is_random = False

        def transform(self, results):
            return results

    assert not draws(Same(4)) and not draws(Own(4)) and draws(Dice(4))
    assert (
        batched_version_of(RandomFlip(0.5)) is not None
        and batched_version_of(Brighter(0.5)) is None
    )

    class Silent(BaseTransform):
        def transform(self, results):
            return results

    assert draws(Silent()) and batched_version_of(Silent()) is None
    assert draws(len) and batched_version_of(len) is None
