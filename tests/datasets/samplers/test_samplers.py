from __future__ import annotations

import math
from collections import Counter
from functools import partial
from itertools import islice

import mmengine.dataset
import numpy as np
import pytest
import torch

from mmlite.datasets.samplers import (
    DefaultSampler,
    InfiniteSampler,
    RepeatAugSampler,
    SequentialSampler,
    WeightedRandomSampler,
    base,
)
from mmlite.errors import ConfigError
from mmlite.evaluation.metrics import base as metrics_base
from mmlite.evaluation.metrics.base import own_share
from mmlite.registry import DATA_SAMPLERS


def on_rank(monkeypatch, rank: int, world: int, cls: type, *args, **kwargs):
    monkeypatch.setattr(base, 'get_dist_info', lambda: (rank, world))
    return cls(*args, **kwargs)


def pairs(indices) -> list[tuple[int, int]]:
    return [(int(i), i.seed) for i in indices]


@pytest.mark.parametrize('shuffle', [True, False])
@pytest.mark.parametrize('round_up', [True, False])
@pytest.mark.parametrize(('rank', 'world'), [(0, 1), (0, 3), (2, 3), (1, 20)])
def test_the_order_is_mmengines(monkeypatch, shuffle, round_up, rank, world) -> None:
    args = (range(10),)
    kwargs = dict(shuffle=shuffle, seed=5, round_up=round_up)
    ours = on_rank(monkeypatch, rank, world, DefaultSampler, *args, **kwargs)
    module = mmengine.dataset.sampler
    monkeypatch.setattr(module, 'get_dist_info', lambda: (rank, world))
    peer = mmengine.dataset.DefaultSampler(*args, **kwargs)
    for epoch in (0, 3):
        ours.set_epoch(epoch)
        peer.set_epoch(epoch)
        assert [int(i) for i in ours] == list(peer)
        assert len(ours) == len(peer)


def test_two_processes_see_what_one_sees(monkeypatch) -> None:
    one = on_rank(monkeypatch, 0, 1, DefaultSampler, range(100), seed=1)
    two = [
        on_rank(monkeypatch, r, 2, DefaultSampler, range(100), seed=1) for r in (0, 1)
    ]
    for sampler in (one, *two):
        sampler.set_epoch(4)
    assert sorted(pairs(one)) == sorted(pairs(two[0]) + pairs(two[1]))


def test_seeds_differ_between_epochs() -> None:
    sampler = DefaultSampler(range(50), seed=0)
    first = dict(pairs(sampler))
    assert first == dict(pairs(sampler))
    sampler.set_epoch(1)
    assert not set(first.values()) & set(dict(pairs(sampler)).values())


@pytest.mark.parametrize('cls', [DefaultSampler, WeightedRandomSampler])
def test_a_start_leaves_out_what_was_taken_once(monkeypatch, cls) -> None:
    class Data(list):
        def get_gt_labels(self) -> np.ndarray:
            return np.array(self) % 2

    sampler = on_rank(monkeypatch, 1, 2, cls, Data(range(20)), seed=0)
    sampler.set_epoch(2)
    whole = pairs(sampler)
    sampler.set_start(3)
    assert pairs(sampler) == whole[3:]
    assert pairs(sampler) == whole
    assert len(sampler) == 10


@pytest.mark.parametrize('size', [1, 3, 10])
@pytest.mark.parametrize('world', [1, 2, 7])
def test_infinite_passes_cover_the_dataset(monkeypatch, size, world) -> None:
    rows = []
    for rank in range(world):
        sampler = on_rank(
            monkeypatch, rank, world, InfiniteSampler, range(size), seed=3
        )
        rows.append(list(islice(sampler, 5 * size)))
    dealt = [row[i] for i in range(5 * size) for row in rows]
    passes = [dealt[i : i + size] for i in range(0, len(dealt), size)]
    assert all(sorted(one) == list(range(size)) for one in passes)
    seeds = [index.seed for index in dealt]
    assert len(set(seeds)) == len(seeds)


def test_infinite_goes_on_and_jumps(monkeypatch) -> None:
    def make() -> InfiniteSampler:
        return on_rank(monkeypatch, 1, 2, InfiniteSampler, range(7), seed=3)

    whole = pairs(islice(make(), 40))
    sampler = make()
    assert pairs(islice(sampler, 5)) + pairs(islice(sampler, 6)) == whole[:11]
    sampler.set_start(23)
    assert pairs(islice(sampler, 17)) == whole[23:]
    sampler.set_start(10**12)
    assert len(list(islice(sampler, 3))) == 3
    ordered = InfiniteSampler(range(3), shuffle=False, seed=0)
    assert list(islice(ordered, 4)) == [1, 0, 2, 1]  # process 1 of 2


class Labelled(list):
    def get_gt_labels(self) -> np.ndarray:
        return np.array(self)


def test_balanced_classes_are_drawn_equally_often() -> None:
    data = Labelled([0] * 900 + [1] * 90 + [2] * 10)
    sampler = WeightedRandomSampler(data, num_samples=9000, seed=0)
    counts = Counter(data[i] for i in sampler)
    # Binomial with n = 9000, p = 1/3: deviation 45.
    assert all(abs(counts[label] - 3000) < 5 * 45 for label in range(3))
    drawn = pairs(sampler)
    assert len({seed for _, seed in drawn}) == len(drawn)


def test_weights_per_class_and_their_mistakes() -> None:
    data = Labelled([0] * 50 + [1] * 50)
    sampler = WeightedRandomSampler(data, weights=[1, 3], num_samples=8000, seed=1)
    ones = sum(data[i] for i in sampler)
    assert abs(ones - 6000) < 5 * 39  # binomial, p = 3/4
    for weights in ([1], [1, -1], [0, 0], 'equal'):
        with pytest.raises(ConfigError, match='weights'):
            DATA_SAMPLERS.build(
                dict(type='WeightedRandomSampler', weights=weights),
                default_args=dict(dataset=data, seed=0),
            )


def test_a_seed_is_drawn_if_none_is_given() -> None:
    assert DefaultSampler(range(3)).seed != DefaultSampler(range(3)).seed


def shared_out(monkeypatch, world, make):
    """What each of several processes takes, as plain numbers."""
    shares = []
    for rank in range(world):
        monkeypatch.setattr(
            'mmlite.datasets.samplers.base.get_dist_info', lambda r=rank: (r, world)
        )
        sampler = make()
        share = list(sampler)
        assert len(share) == len(sampler)
        shares.append(share)
    return shares


@pytest.mark.parametrize('world', [1, 2, 3])
@pytest.mark.parametrize('shuffle', [False, True])
@pytest.mark.parametrize('size', [5, 6, 7])
def test_repeated_augmentation(monkeypatch, world, shuffle, size):
    def make():
        sampler = RepeatAugSampler(range(size), shuffle, num_repeats=3, seed=4)
        sampler.set_epoch(2)
        return sampler

    # As DeiT does it.
    generator = torch.Generator().manual_seed(4 + 2)
    order = torch.randperm(size, generator=generator).tolist()
    order = order if shuffle else list(range(size))
    repeated = [index for index in order for _ in range(3)]
    total = math.ceil(len(repeated) / world) * world
    repeated += repeated[: total - len(repeated)]
    shares = shared_out(monkeypatch, world, make)
    for rank, share in enumerate(shares):
        assert share == repeated[rank::world][: math.ceil(size / world)]
    everything = [(int(i), i.seed) for share in shares for i in share]
    assert len(set(everything)) == len(everything)  # no sample looks the same twice


@pytest.mark.parametrize('world', [1, 2, 3])
@pytest.mark.parametrize('round_up', [False, True])
@pytest.mark.parametrize('size', [6, 7, 2])
def test_in_order_without_gaps(monkeypatch, world, round_up, size):
    shares = shared_out(
        monkeypatch,
        world,
        lambda: SequentialSampler(range(size), 'sequential', seed=0, round_up=round_up),
    )
    own = [
        share[: size // world + (r < size % world)] for r, share in enumerate(shares)
    ]
    assert sum(own, []) == list(range(size))
    lengths = [len(share) for share in shares]
    assert max(lengths) - min(lengths) <= (not round_up)


@pytest.mark.parametrize('kind', ['default', 'sequential'])
@pytest.mark.parametrize(('size', 'world'), [(4, 3), (7, 4), (2, 5), (6, 3)])
def test_a_metric_leaves_out_what_is_repeated(monkeypatch, kind, size, world):
    make = partial(SequentialSampler, range(size), kind, seed=0)
    shares = shared_out(monkeypatch, world, make)
    counts = [len(share) for share in shares]
    seen = []
    for rank, share in enumerate(shares):
        monkeypatch.setattr(metrics_base, 'get_dist_info', lambda r=rank: (r, world))
        seen += share[: own_share(counts, size)]
    assert sorted(seen) == list(range(size))


def test_in_order_in_turn(monkeypatch):
    shares = shared_out(monkeypatch, 2, lambda: SequentialSampler(range(5), seed=0))
    assert shares == [[0, 2, 4], [1, 3, 0]]


@pytest.mark.parametrize(
    'make',
    [
        lambda: RepeatAugSampler(range(20), seed=1),
        lambda: SequentialSampler(range(20), 'sequential', seed=1),
    ],
)
def test_the_rest_of_a_round(make):
    whole = list(make())
    later = make()
    later.set_start(7)
    assert [(i, i.seed) for i in later] == [(i, i.seed) for i in whole[7:]]


def test_samplers_refuse_what_cannot_be():
    with pytest.raises(ValueError, match='num_repeats must be at least 1, got 0'):
        RepeatAugSampler(range(3), num_repeats=0, seed=0)
    with pytest.raises(ValueError, match="'default' or 'sequential', got 'none'"):
        SequentialSampler(range(3), 'none', seed=0)
    with pytest.raises(ValueError, match='num_samples must be at least 1, got -3'):
        WeightedRandomSampler(range(3), num_samples=-3, seed=0)
