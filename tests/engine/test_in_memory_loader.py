"""Batches from memory are those of the other way, but for what is drawn."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler as TheirSampler
from mmengine.dataset import InfiniteSampler as TheirInfiniteSampler

from mmlite.datasets import BaseDataset, DefaultSampler
from mmlite.datasets.samplers import base
from mmlite.datasets.storage import ArrayList
from mmlite.engine import in_memory_loader
from mmlite.engine.dataloaders import build_dataloader
from mmlite.engine.in_memory_loader import InMemoryLoader
from mmlite.engine.loops import batches_from, endless_batches
from mmlite.errors import ConfigError, DataError
from mmlite.registry import DATASETS
from mmlite.structures import SampleBatch

CROP = dict(type='RandomCrop', crop_size=6, padding=2)
FLIP = dict(type='RandomFlip', prob=0.25)
PACK = dict(type='PackInputs', meta_keys=('sample_idx',))
SHUFFLED = dict(type='DefaultSampler', shuffle=True)


@DATASETS.register_module()
class Places(BaseDataset):
    """Images of which every pixel holds its place, from 1 on, and its image."""

    METAINFO = dict(classes=tuple('abcdefghij'))

    def load_data_list(self):
        y, x = np.meshgrid(range(6), range(6), indexing='ij')
        image = np.stack([y + 1, x + 1, np.zeros_like(x)], -1).astype(np.uint8)
        images = np.stack([image] * 21)
        images[..., 2] = np.arange(21)[:, None, None]
        return ArrayList(images, np.arange(21) % 10)


def places(*pipeline, **args):
    return dict(type='Places', pipeline=[*pipeline, PACK], **args)


def loader(*pipeline, in_memory=True, seed=5, **changes):
    cfg = dict(
        dataset=places(*pipeline),
        sampler=SHUFFLED,
        batch_size=4,
        num_workers=0,
        in_memory=in_memory,
    )
    return build_dataloader(cfg | changes, seed=seed)


def both(*pipeline, **changes):
    return (loader(*pipeline, in_memory=flag, **changes) for flag in (True, False))


def same(first, second):
    first, second = list(first), list(second)
    return len(first) == len(second) and all(
        torch.equal(a['inputs'], b['inputs'])
        and [s.metainfo for s in a['data_samples']]
        == [s.metainfo for s in b['data_samples']]
        and torch.equal(*(x['data_samples'].field('gt_label') for x in (a, b)))
        for a, b in zip(first, second, strict=True)
    )


def by_index(batches):
    return {
        sample.sample_idx: image
        for batch in batches
        for image, sample in zip(batch['inputs'], batch['data_samples'], strict=True)
    }


def equal(first, second):
    return first.keys() == second.keys() and all(
        torch.equal(first[i], second[i]) for i in first
    )


# where nothing is drawn


@pytest.mark.parametrize('shuffle', [True, False])
@pytest.mark.parametrize('drop_last', [True, False])
@pytest.mark.parametrize('indices', [20, 21])
def test_batches_are_the_same(shuffle, drop_last, indices):
    ours, theirs = both(
        dataset=places(indices=indices),
        sampler=dict(SHUFFLED, shuffle=shuffle),
        drop_last=drop_last,
    )
    assert isinstance(ours, InMemoryLoader) and not isinstance(theirs, InMemoryLoader)
    assert len(ours) == len(theirs)
    for epoch in range(3):
        batches = list(batches_from(ours, epoch))
        assert len(batches) == len(ours)
        assert all(isinstance(b['data_samples'], SampleBatch) for b in batches)
        assert same(batches, batches_from(theirs, epoch))


@pytest.mark.parametrize(
    'dataset',
    [
        dict(type='RepeatDataset', dataset=places(indices=9), times=3),
        dict(type='ConcatDataset', datasets=[places(indices=9), places(indices=-5)]),
        dict(type='ClassBalancedDataset', dataset=places(), oversample_thr=0.12),
    ],
    ids=lambda dataset: dataset['type'],
)
def test_datasets_made_of_others(dataset):
    ours, theirs = both(dataset=dataset)
    assert same(batches_from(ours, 1), batches_from(theirs, 1))


@pytest.mark.parametrize(
    'sampler',
    [
        dict(type='WeightedRandomSampler', weights=[1] * 5 + [3] * 5),
        dict(type='InfiniteSampler', shuffle=True),
        dict(type=TheirSampler, shuffle=True),
        dict(type=TheirInfiniteSampler, shuffle=True),
    ],
    ids=['weighted', 'infinite', 'theirs', 'theirs infinite'],
)
def test_samplers_of_all_kinds(sampler):
    # Batches of an infinite sampler reach over the end of a pass.
    iterators = [endless_batches(made) for made in both(sampler=sampler)]
    for _ in range(15):
        ours, theirs = map(next, iterators)
        assert same([ours], [theirs])


def test_a_part_of_the_dataset():
    ours, theirs = both(num_batch_per_epoch=3)
    assert len(ours) == 3
    assert same(batches_from(ours, 1), batches_from(theirs, 1))


# where something is drawn


def drawn(image):
    """Upper edge and left edge of the window, and whether it was flipped."""
    (y, x), right = (image[:2, 2, 2].long() - 1).tolist(), int(image[1, 2, 3]) - 1
    return (y, x, False) if right > x else (y, x - 1, True)


def images_of(way, epochs, sampler):
    """The images of some epochs, made in one of three ways."""
    made = loader(CROP, FLIP, in_memory=way == 'in memory', sampler=sampler)
    for epoch in range(epochs):
        if way == 'one by one':
            made.sampler.set_epoch(epoch)
            yield from (made.dataset[index]['inputs'] for index in made.sampler)
        else:
            yield from (x for b in batches_from(made, epoch) for x in b['inputs'])


@pytest.mark.parametrize('way', ['in memory', 'batch by batch', 'one by one'])
@pytest.mark.parametrize('sampler', [SHUFFLED, dict(type=TheirSampler, shuffle=True)])
def test_all_ways_draw_alike(way, sampler):
    epochs = 200
    counts = Counter(map(drawn, images_of(way, epochs, sampler)))
    shares = {False: 0.75, True: 0.25}
    expected = {
        (y, x, flipped): epochs * 21 / 25 * share
        for y in range(5)
        for x in range(5)
        for flipped, share in shares.items()
    }
    assert counts.keys() == expected.keys()
    # Edges, and flips, are independent of each other.
    statistic = sum((counts[k] - e) ** 2 / e for k, e in expected.items())
    assert statistic < 49 + 5 * math.sqrt(2 * 49)


@pytest.mark.parametrize('name', ['DefaultSampler', 'InfiniteSampler'])
def test_arrays_give_the_same_batches_without_being_in_memory(name):
    # A batch of the infinite sampler may hold the end of a pass and begin another.
    sampler, alternating = dict(type=name), dict(type='AlternatingFlip')
    iterators = [
        endless_batches(made) for made in both(CROP, FLIP, alternating, sampler=sampler)
    ]
    for _ in range(20):
        ours, theirs = map(next, iterators)
        if len(ours['inputs']) == 4:
            assert same([ours], [theirs])


def test_images_belong_to_their_labels():
    for batch in batches_from(loader(CROP, FLIP), 0):
        for image, sample in zip(batch['inputs'], batch['data_samples'], strict=True):
            assert int(image[2].max()) == sample.sample_idx
            assert sample.gt_label.item() == sample.sample_idx % 10


def test_a_sample_looks_alike_in_any_batch():
    images = by_index(batches_from(loader(CROP, FLIP), 3))
    assert len(images) == 21
    for other in (
        loader(CROP, FLIP, batch_size=7),
        loader(CROP, FLIP, batch_size=50),
        loader(CROP, FLIP, sampler=dict(SHUFFLED, shuffle=False)),
    ):
        assert equal(by_index(batches_from(other, 3)), images)
    for seed, epoch in ((5, 4), (6, 3)):
        others = by_index(batches_from(loader(CROP, FLIP, seed=seed), epoch))
        assert sum(torch.equal(images[i], others[i]) for i in images) < 6


def test_two_processes_make_what_one_makes(monkeypatch):
    dataset = places(CROP, FLIP, indices=20)
    alone = by_index(batches_from(loader(dataset=dataset), 2))
    together = {}
    for rank in range(2):
        monkeypatch.setattr(base, 'get_dist_info', lambda rank=rank: (rank, 2))
        part = by_index(batches_from(loader(dataset=dataset), 2))
        assert len(part) == 10
        together |= part
    assert equal(together, alone)


@pytest.mark.parametrize(
    'sampler', [SHUFFLED, dict(type=TheirSampler, shuffle=True)], ids=['own', 'theirs']
)
def test_an_epoch_from_any_batch_on(sampler):
    made = loader(CROP, FLIP, sampler=sampler)
    for epoch in (0, 2):
        whole = list(batches_from(made, epoch))
        for start in (0, 1, 5, 6):
            assert same(batches_from(made, epoch, start), whole[start:])


def test_endless_batches_from_any_on():
    sampler = dict(type='InfiniteSampler', shuffle=True)
    straight = endless_batches(loader(CROP, FLIP, sampler=sampler))
    batches = [next(straight) for _ in range(14)]
    resumed = endless_batches(loader(CROP, FLIP, sampler=sampler), start=9)
    assert same([next(resumed) for _ in range(5)], batches[9:])


def test_flips_that_alternate_are_the_same():
    ours, theirs = both(dict(type='AlternatingFlip'))
    for epoch in range(3):
        assert same(batches_from(ours, epoch), batches_from(theirs, epoch))


def test_a_sampler_that_changes_what_it_yields():
    class Backwards(DefaultSampler):
        def __iter__(self):
            return iter(list(super().__iter__())[::-1])

    ours, theirs = both(sampler=dict(type=Backwards, shuffle=False))
    assert same(ours, theirs)
    made = loader(CROP, FLIP, sampler=dict(type=Backwards, shuffle=True))
    forwards = by_index(batches_from(loader(CROP, FLIP), 1))
    assert equal(by_index(batches_from(made, 1)), forwards)


@pytest.mark.parametrize('drop_last', [True, False])
@pytest.mark.parametrize('start', [0, 1, 4])
def test_batches_that_are_made_together_are_the_same(monkeypatch, drop_last, start):
    def batches():
        data = loader(CROP, FLIP, drop_last=drop_last)
        return list(batches_from(data, epoch=2, start=start))

    one_by_one = batches()
    monkeypatch.setattr(in_memory_loader, 'group_size', lambda images, size: 3 * size)
    together = batches()
    samples = together[0]['data_samples']
    assert samples.bounds('gt_label') == (0, 9)  # of all, as they are known already
    assert same(together, one_by_one)


def test_how_many_are_made_together():
    images = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    assert in_memory_loader.group_size(images, 512) == 512
    # 64 MiB of 3 KiB each are 21845; of 147 KiB each 445.
    assert in_memory_loader.group_size(images.to('meta'), 512) == 42 * 512
    large = torch.zeros(1, 3, 224, 224, dtype=torch.uint8, device='meta')
    assert in_memory_loader.group_size(large, 200) == 2 * 200
    assert in_memory_loader.group_size(large, 512) == 512


def test_annotations_are_where_the_images_are():
    made = loader(CROP, FLIP)
    made.data = made.data._replace(images=made.data.images.to('meta'))
    batch = next(iter(made))
    assert batch['inputs'].is_meta and batch['inputs'].shape == (4, 3, 6, 6)
    samples = batch['data_samples']
    assert samples.field('gt_label').is_meta and len(samples) == 4
    assert samples.bounds('gt_label') == (0, 9)  # so they can be judged anyway


def test_what_concerns_workers_is_left_out():
    made = loader(
        num_workers=2,
        persistent_workers=True,
        pin_memory=True,
        prefetch_factor=4,
        worker_init_fn=None,
    )
    assert made.num_workers == 0 and not made.persistent_workers
    assert made.batch_size == 4 and made.batch_sampler.sampler is made.sampler


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (
            dict(collate_fn=dict(type='pseudo_collate')),
            'collate_fn has no meaning with in_memory=True',
        ),
        (
            dict(batch_sampler=dict(type='BatchSampler', drop_last=False)),
            'batch_sampler has no meaning with in_memory=True',
        ),
        (
            dict(dataset=places(dict(type='RandomGrayscale'))),
            'dataset.pipeline.0: RandomGrayscale has no batched version',
        ),
        (
            dict(
                dataset=dict(
                    type='ConcatDataset',
                    datasets=[places(CROP), places(dict(type='ColorJitter'))],
                )
            ),
            'dataset.datasets.1.pipeline.0: ColorJitter has no batched version',
        ),
        (
            dict(
                dataset=dict(
                    type='RepeatDataset',
                    dataset=places(dict(type='ColorJitter')),
                    times=2,
                )
            ),
            'dataset.dataset.pipeline.0: ColorJitter has no batched version',
        ),
    ],
)
def test_what_cannot_be_had(changes, message):
    with pytest.raises(ConfigError, match=message):
        loader(**changes)


def test_fewer_samples_than_a_batch():
    with pytest.raises(DataError, match='fewer than one batch of 50'):
        loader(batch_size=50, drop_last=True)
