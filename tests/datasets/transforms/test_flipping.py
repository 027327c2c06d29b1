from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
import torch

from mmlite.datasets import BaseDataset, DefaultSampler
from mmlite.datasets.transforms import is_turn
from mmlite.errors import ConfigError, DataError
from mmlite.registry import TRANSFORMS

IMG = np.arange(6, dtype=np.uint8).reshape(2, 3)


def directions(count: int = 3000, **kwargs) -> Counter:
    flip = TRANSFORMS.build(dict(type='RandomFlip', **kwargs))
    rng = random.Random(0)
    found: Counter = Counter()
    for _ in range(count):
        results = flip(dict(img=IMG, rng=rng))
        assert results['flip'] == (results['flip_direction'] is not None)
        found[results['flip_direction']] += 1
    return found


@pytest.mark.parametrize(
    ('kwargs', 'shares'),
    [
        (dict(prob=0.5), {'horizontal': 0.5}),
        (dict(prob=0.0), {}),
        (dict(prob=1.0, direction='vertical'), {'vertical': 1.0}),
        (
            dict(prob=0.6, direction=['horizontal', 'vertical', 'diagonal']),
            {'horizontal': 0.2, 'vertical': 0.2, 'diagonal': 0.2},
        ),
        (
            dict(prob=[0.7, 0.1], direction=['horizontal', 'vertical']),
            {'horizontal': 0.7, 'vertical': 0.1},
        ),
    ],
)
def test_how_often(kwargs: dict, shares: dict) -> None:
    found = directions(**kwargs)
    shares = {**shares, None: 1 - sum(shares.values())}
    for direction, share in shares.items():
        deviation = (3000 * share * (1 - share)) ** 0.5
        assert abs(found[direction] - 3000 * share) <= 5 * deviation + 1e-6
    assert set(found) <= set(shares)


@pytest.mark.parametrize(
    ('direction', 'expected'),
    [
        ('horizontal', [[2, 1, 0], [5, 4, 3]]),
        ('vertical', [[3, 4, 5], [0, 1, 2]]),
        ('diagonal', [[5, 4, 3], [2, 1, 0]]),
    ],
)
def test_what(direction: str, expected: list) -> None:
    flip = TRANSFORMS.build(dict(type='RandomFlip', prob=1.0, direction=direction))
    assert flip(dict(img=IMG))['img'].tolist() == expected


@pytest.mark.parametrize(
    'kwargs',
    [
        dict(prob=1.5),
        dict(prob=-0.1),
        dict(prob=0.5, direction='left'),
        dict(prob=[0.5], direction=['horizontal', 'vertical']),
        dict(prob=[0.9, 0.9], direction=['horizontal', 'vertical']),
    ],
)
def test_mistakes(kwargs: dict) -> None:
    with pytest.raises(ConfigError):
        TRANSFORMS.build(dict(type='RandomFlip', **kwargs))


class Numbered(BaseDataset):
    """Images whose left half distinguishes them from their mirror images."""

    def load_data_list(self) -> list[dict]:
        return [dict(img=IMG + i, gt_label=0) for i in range(64)]


def shown(epoch: int, seed: int = 0) -> list[bool]:
    """Whether each image is shown mirrored in an epoch."""
    data = Numbered(pipeline=[dict(type='AlternatingFlip', seed=seed)])
    sampler = DefaultSampler(data, seed=epoch)  # another order each time
    sampler.set_epoch(epoch)
    found = {}
    for index in sampler:
        sample = data[index]
        mirrored = np.array_equal(sample['img'], (IMG + int(index))[:, ::-1])
        assert mirrored or np.array_equal(sample['img'], IMG + int(index))
        assert sample['flip'] == mirrored
        assert sample['flip_direction'] == ('horizontal' if mirrored else None)
        found[int(index)] = mirrored
    return [found[i] for i in range(64)]


def test_two_epochs_show_every_image_both_ways():
    for epoch in range(3):
        pairs = zip(shown(epoch), shown(epoch + 1), strict=True)
        assert all(a != b for a, b in pairs)
    assert shown(0) == shown(2)


def test_half_of_the_images_begin_mirrored():
    turns = is_turn(np.arange(50_000), epoch=0)
    # Five standard deviations of fair coins; neighbours are independent.
    assert abs(turns.mean() - 0.5) < 5 * 0.5 / 50_000**0.5
    assert abs((turns[1:] == turns[:-1]).mean() - 0.5) < 5 * 0.5 / 50_000**0.5


def test_another_seed_draws_other_halves():
    same = np.mean(np.equal(shown(0), shown(0, seed=1)))
    assert 0.2 < same < 0.8


@pytest.mark.parametrize('seed', [0, 1, 12345, -1])
def test_turns_are_the_same_for_numbers_arrays_and_tensors(seed):
    numbers = [0, 1, 2, 77, 49_999, 2**31, 2**40 + 5]
    for epoch in (0, 1, 10):
        expected = [is_turn(number, epoch, seed) for number in numbers]
        assert is_turn(np.array(numbers), epoch, seed).tolist() == expected
        assert is_turn(torch.tensor(numbers), epoch, seed).tolist() == expected


def test_boxes_are_mirrored_too():
    flip = TRANSFORMS.build(dict(type='AlternatingFlip', direction='vertical'))
    for epoch in range(2):
        sample = flip(dict(img=IMG, gt_bboxes=np.array([[0, 0, 1, 1]]), epoch=epoch))
        assert sample['gt_bboxes'].tolist() == [
            [0, sample['flip'], 1, 1 + sample['flip']]
        ]


def test_an_unknown_direction():
    with pytest.raises(ConfigError, match="direction must be .* got 'left'"):
        TRANSFORMS.build(dict(type='AlternatingFlip', direction='left'))


def pair(**fields):
    left, right = IMG, IMG + 10
    return dict(ref_img=left, tgt_img=right, **fields)


def test_a_mirrored_pair_swaps_its_views():
    rng = np.random.default_rng(0)
    # Pixel x of the left view is pixel x - d of the right one.
    left = rng.integers(0, 255, (1, 12)).astype(np.uint8)
    disparity = np.full((1, 12), 3.0, np.float32)
    right = np.zeros_like(left)
    right[:, :-3] = left[:, 3:]
    swap = TRANSFORMS.build(dict(type='SwapFlip', prob=1.0))
    fields = dict(gt_disparity=disparity, gt_disparity_tgt=disparity * 1)
    fields['gt_disparity_tgt'][:, -3:] = 0  # not seen by the left view
    result = swap(dict(ref_img=left, tgt_img=right, **fields))
    assert result['swap_flip'] is True
    for x in range(12):
        shift = int(result['gt_disparity'][0, x])
        if shift:
            assert result['ref_img'][0, x] == result['tgt_img'][0, x - shift]
    assert (result['gt_disparity'] > 0).sum() == 9
    again = swap(result)
    for name, value in dict(ref_img=left, tgt_img=right, **fields).items():
        np.testing.assert_array_equal(again[name], value)


def test_what_is_known_of_one_view_only_cannot_be_swapped():
    swap = TRANSFORMS.build(dict(type='SwapFlip', prob=1.0))
    for fields, match in (
        (pair(gt_disparity=IMG), 'gt_disparity: .*gt_disparity_tgt of the other view'),
        (pair(gt_seg_map=IMG), 'gt_seg_map: .*its counterpart of the other view'),
        (dict(ref_img=IMG), 'ref_img: .*tgt_img of the other view'),
        (dict(img=IMG), 'the field img: .*its counterpart'),
    ):
        with pytest.raises(DataError, match=match):
            swap(fields)
    never = TRANSFORMS.build(dict(type='SwapFlip', prob=0.0))
    assert never(pair())['swap_flip'] is False
    with pytest.raises(ConfigError, match='prob must lie in'):
        TRANSFORMS.build(dict(type='SwapFlip', prob=2.0))
