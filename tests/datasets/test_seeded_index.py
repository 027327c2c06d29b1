from __future__ import annotations

import pickle

import numpy as np

from mmlite.datasets.seeded_index import SeededIndex, follow, sample_seeds, seeded


def splitmix(state: int) -> int:
    """Steele, Lea and Flood 2014, in python integers."""
    mask = 2**64 - 1
    state = (state + 0x9E3779B97F4A7C15) & mask
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
    return state ^ (state >> 31)


def test_seeds_are_the_hash_of_seed_epoch_and_index() -> None:
    expected = []
    for index in (0, 1, 12345):
        state = splitmix(index ^ splitmix(7))
        expected.append(splitmix(state ^ splitmix(3)))
    assert sample_seeds(7, 3, np.array([0, 1, 12345])).tolist() == expected


def test_splitmix_matches_the_published_sequence() -> None:
    # First outputs of splitmix64 from the state 1234567, from its reference code.
    state, outputs = 1234567, []
    for _ in range(3):
        outputs.append(splitmix(state))
        state += 0x9E3779B97F4A7C15
    assert outputs == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_no_two_samples_share_a_seed() -> None:
    indices = np.arange(1000)
    seeds = [sample_seeds(s, e, indices) for s in (0, 1, -1, 2**40) for e in (0, 1, 2)]
    assert len(np.unique(np.concatenate(seeds))) == 12_000


def test_an_index_survives_the_way_to_a_worker() -> None:
    index = pickle.loads(pickle.dumps(SeededIndex(5, 2**63, epoch=4)))
    assert index == 5 and index.seed == 2**63 and [10, 11, 12, 13, 14, 15][index] == 15
    assert index.epoch == 4


def test_follow_and_keys() -> None:
    assert follow(7, 2) == 2 and type(follow(7, 2)) is int
    assert follow(SeededIndex(7, 9), 2).seed == 9
    assert follow(SeededIndex(7, 9, epoch=3), 2).epoch == 3
    twice = list(seeded(np.array([4, 4]), 0, 0, keys=np.array([0, 1])))
    assert [i.epoch for i in seeded(np.array([4, 5]), 0, epoch=6)] == [6, 6]
    assert twice[0] == twice[1] == 4 and twice[0].seed != twice[1].seed
