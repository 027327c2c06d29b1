"""Batch samplers: what is in a batch, and where it goes on."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from torch.utils.data import BatchSampler

from mmlite.datasets.samplers import (
    AspectRatioBatchSampler,
    DefaultSampler,
    InfiniteSampler,
    PKSampler,
    SeededBatchSampler,
    StartableBatches,
    base,
)
from mmlite.errors import DataError


class Walks(list):
    """Labels of samples, the sizes of which follow from them."""

    def get_gt_labels(self) -> np.ndarray:
        return np.array(self)

    def get_data_info(self, i: int) -> dict:
        return dict(width=20 if self[i] % 2 else 5, height=10)


DATA = Walks([0] * 9 + [1] * 2 + [2] * 5 + [3] * 8 + [4] * 1)


def on_rank(monkeypatch, rank: int, world: int, cls: type, *args, **kwargs):
    monkeypatch.setattr(base, 'get_dist_info', lambda: (rank, world))
    return cls(*args, **kwargs)


def pairs(sampler) -> list[list[tuple[int, int]]]:
    return [[(int(i), i.seed) for i in batch] for batch in sampler]


KINDS = {
    'pk': (PKSampler, dict(num_identities=3, num_instances=4, num_batches=7)),
    'aspect': (AspectRatioBatchSampler, dict(batch_size=3)),
}
for_each_kind = pytest.mark.parametrize('kind', KINDS)


def make(monkeypatch, kind, rank=0, world=1, seed=3) -> SeededBatchSampler:
    cls, args = KINDS[kind]
    return on_rank(monkeypatch, rank, world, cls, DATA, seed=seed, **args)


@for_each_kind
def test_each_epoch_has_its_own_batches(monkeypatch, kind) -> None:
    sampler = make(monkeypatch, kind)
    epochs = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        epochs.append(pairs(sampler))
        assert pairs(sampler) == epochs[-1]
        assert len(epochs[-1]) == len(sampler)
    assert epochs[0] != epochs[1] != epochs[2]
    seeds = [seed for epoch in epochs for batch in epoch for _, seed in batch]
    assert len(set(seeds)) == len(seeds)


@for_each_kind
@pytest.mark.parametrize('world', [1, 2])
def test_a_start_leaves_out_what_was_taken_once(monkeypatch, kind, world) -> None:
    sampler = make(monkeypatch, kind, world - 1, world)
    sampler.set_epoch(2)
    whole = pairs(sampler)
    sampler.set_start(2)
    assert pairs(sampler) == whole[2:]
    assert pairs(sampler) == whole


@for_each_kind
def test_a_limit(monkeypatch, kind) -> None:
    sampler = make(monkeypatch, kind)
    whole = pairs(sampler)
    limited = StartableBatches(sampler, DATA, seed=3, limit=2)
    assert pairs(limited) == whole[:2] and len(limited) == 2
    limited.set_start(1)
    assert pairs(limited) == whole[1:2]
    limited.set_epoch(1)
    again = pairs(limited)
    sampler.set_epoch(1)
    assert again == pairs(sampler)[:2] != whole[:2]


def test_batches_of_identities(monkeypatch) -> None:
    sampler = make(monkeypatch, 'pk')
    for batch in sampler:
        counts = Counter(DATA[i] for i in batch)
        assert len(counts) == 3 and set(counts.values()) == {4}
        for label in counts:
            chosen = [int(i) for i in batch if DATA[i] == label]
            repeats = len(chosen) - len(set(chosen))
            # 2 and 1 samples of the labels 1 and 4 are fewer than 4.
            assert (repeats > 0) == (label in (1, 4))
    drawn = Counter(
        DATA[i] for epoch in range(60) for b in _epoch(sampler, epoch) for i in b
    )
    shares = np.array([drawn[label] for label in range(5)]) / sum(drawn.values())
    np.testing.assert_allclose(shares, 1 / 5, atol=0.03)  # 420 batches


def _epoch(sampler, epoch):
    sampler.set_epoch(epoch)
    return list(sampler)


@pytest.mark.parametrize('world', [2, 3, 4])
def test_processes_share_each_batch_of_identities(monkeypatch, world) -> None:
    whole = pairs(make(monkeypatch, 'pk'))
    parts = [pairs(make(monkeypatch, 'pk', rank, world)) for rank in range(world)]
    for number, batch in enumerate(whole):
        shared = [None] * len(batch)
        for rank, part in enumerate(parts):
            shared[rank::world] = part[number]
        assert shared == batch  # also augmented alike


def test_the_number_of_batches_follows_from_the_data() -> None:
    assert len(PKSampler(DATA, 2, 3, seed=0)) == len(DATA) // 6
    assert len(PKSampler(DATA, 5, 20, seed=0)) == 1


def test_what_the_identities_cannot_give(monkeypatch) -> None:
    with pytest.raises(DataError, match='num_identities=6, but the dataset has 5'):
        PKSampler(DATA, 6, 2, seed=0)
    with pytest.raises(DataError, match=r'range has no method get_gt_labels'):
        PKSampler(range(4), 1, 2, seed=0)
    with pytest.raises(ValueError, match='num_instances must be at least 1, got 0'):
        PKSampler(DATA, 1, 0, seed=0)
    with pytest.raises(ValueError, match='9, which 2 processes cannot share'):
        on_rank(monkeypatch, 0, 2, PKSampler, DATA, 3, 3, seed=0)


@pytest.mark.parametrize('drop_last', [False, True])
@pytest.mark.parametrize('size', [1, 3, 4, 7])
def test_batches_by_aspect_ratio(monkeypatch, drop_last, size) -> None:
    sampler = AspectRatioBatchSampler(DATA, size, drop_last=drop_last, seed=0)
    found = [[int(i) for i in batch] for batch in sampler]
    assert len(found) == len(sampler)
    mixed = [batch for batch in found if len({DATA[i] % 2 for i in batch}) > 1]
    # What is left of both kinds is fewer than two batches.
    assert len(mixed) <= 1 and not [b for b in mixed if b not in found[-2:]]
    sizes = [len(batch) for batch in found]
    assert set(sizes[:-1]) <= {size}
    if not drop_last:
        assert sorted(sum(found, [])) == list(range(len(DATA)))
    else:
        assert set(sizes) == {size} and len(found) == len(DATA) // size


def test_the_order_and_the_seeds_are_the_samplers() -> None:
    inner = DefaultSampler(DATA, shuffle=True, seed=1)
    sampler = AspectRatioBatchSampler(DATA, 4, sampler=inner, seed=1)
    sampler.set_epoch(5)
    got = sum(pairs(sampler), [])
    inner.set_epoch(5)
    assert sorted(got) == sorted((int(i), i.seed) for i in inner)
    with pytest.raises(
        DataError, match=r'sample \d+ of Sizeless has no width and height'
    ):
        list(AspectRatioBatchSampler(Sizeless(DATA), 2, seed=0))
    with pytest.raises(ValueError, match='batch_size must be at least 1'):
        AspectRatioBatchSampler(DATA, 0, seed=0)


class Sizeless(Walks):
    def get_data_info(self, i: int) -> dict:
        return {}


def test_batches_without_end_start_anywhere() -> None:
    def make_endless() -> AspectRatioBatchSampler:
        inner = InfiniteSampler(DATA, seed=2)
        return AspectRatioBatchSampler(DATA, 4, sampler=inner, seed=2)

    sampler = iter(make_endless())
    whole = [[(int(i), i.seed) for i in next(sampler)] for _ in range(30)]
    again = make_endless()
    again.set_start(20)
    rest = iter(again)
    assert [[(int(i), i.seed) for i in next(rest)] for _ in range(10)] == whole[20:]


def test_any_batch_sampler_can_start_anywhere() -> None:
    inner = BatchSampler(DefaultSampler(DATA, seed=4), 4, drop_last=False)
    sampler = StartableBatches(inner, DATA, seed=4)
    epochs = [pairs(_with_epoch(sampler, epoch)) for epoch in (0, 1)]
    assert epochs[0] != epochs[1]
    sampler.set_start(2)
    assert pairs(sampler) == epochs[1][2:] and len(sampler) == 7
    plain = StartableBatches([[0, 1], [1, 1]], DATA, seed=4)
    seeds = [seed for batch in pairs(plain) for _, seed in batch]
    assert len(set(seeds)) == 4


def _with_epoch(sampler, epoch):
    sampler.set_epoch(epoch)
    return sampler
