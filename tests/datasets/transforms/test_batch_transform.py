"""Batch transforms: by brute force given the numbers, and by statistics against
the transforms that take one sample after the other."""

from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import pytest
import torch

from mmlite.datasets.seeded_index import uniforms
from mmlite.datasets.transforms import BatchAlternatingFlip
from mmlite.datasets.transforms.batched_pixels import (
    choose,
    colour_like,
    crop_batch,
    pad_batch,
    scaled,
)
from mmlite.errors import ConfigError
from mmlite.registry import TRANSFORMS

MODES = ('constant', 'edge', 'reflect', 'symmetric')
FLIPS = {'horizontal': (1,), 'vertical': (0,), 'diagonal': (0, 1)}


def build(name, **args):
    return TRANSFORMS.build(dict(type=name, **args))


def images(batch=6, channels=3, height=9, width=12, dtype=torch.uint8):
    return torch.randint(0, 256, (batch, channels, height, width)).to(dtype)


def hwc(image):
    return image.permute(1, 2, 0).numpy()


def chi_square_is_plausible(counts, expected):
    """Whether counts are within 5 standard deviations of what chi-square has."""
    statistic = sum(
        (counts.get(k, 0) - e) ** 2 / e for k, e in expected.items() if e > 0
    )
    freedom = len(expected) - 1
    return statistic < freedom + 5 * math.sqrt(2 * freedom)


# crop


@pytest.mark.parametrize('borders', [(4, 4, 4, 4), (1, 2, 3, 0), (0, 0, 0, 5)])
@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('dtype', [torch.uint8, torch.float32])
def test_padding_is_that_of_numpy(borders, mode, dtype):
    left, top, right, bottom = borders
    given = images(dtype=dtype)
    extra = dict(constant_values=7) if mode == 'constant' else {}
    around = ((0, 0), (0, 0), (top, bottom), (left, right))
    expected = np.pad(given.numpy(), around, mode, **extra)
    assert np.array_equal(pad_batch(given, borders, 7, mode).numpy(), expected)


@pytest.mark.parametrize('mode', ['edge', 'reflect', 'symmetric'])
@pytest.mark.parametrize('size', [1, 2, 3])
def test_borders_wider_than_the_image(mode, size):
    given = images(1, 1, size, size)
    around = ((0, 0), (0, 0), (7, 7), (7, 7))
    expected = np.pad(given.numpy(), around, mode)
    assert np.array_equal(pad_batch(given, (7,) * 4, mode=mode).numpy(), expected)


@pytest.mark.parametrize('fill', [3, 2.6, (1, 2, 3), (250, 4), (1, 2, 3, 4)])
@pytest.mark.parametrize('channels', [1, 3])
def test_padding_with_a_colour_is_that_of_the_single_one(fill, channels):
    given = images(2, channels)
    # A window of the whole padded image, so that there is one place for it.
    args = dict(crop_size=(13, 16), padding=2, pad_val=fill)
    got = build('BatchRandomCrop', **args)(given)
    for before, after in zip(given, got, strict=True):
        sample = dict(img=hwc(before), rng=random.Random(0))
        assert np.array_equal(hwc(after), build('RandomCrop', **args)(sample)['img'])


@pytest.mark.parametrize('dtype', [torch.uint8, torch.float16, torch.int64])
def test_windows_are_cut_out(dtype):
    given = images(dtype=dtype)
    y, x = torch.randint(0, 5, (6,)), torch.randint(0, 3, (6,))
    got = crop_batch(given, y, x, 5, 10)
    for i in range(6):
        assert torch.equal(got[i], given[i, :, y[i] : y[i] + 5, x[i] : x[i] + 10])
    channels_last = given.contiguous(memory_format=torch.channels_last)
    assert torch.equal(crop_batch(channels_last, y, x, 5, 10), got)


@pytest.mark.parametrize('mode', MODES)
def test_crop_given_its_numbers(mode):
    args = dict(crop_size=(9, 12), padding=4, pad_val=5, padding_mode=mode)
    numbers = torch.rand(6, 2)
    given = images()
    got = build('BatchRandomCrop', **args).apply(given, numbers)
    extra = dict(constant_values=5) if mode == 'constant' else {}
    for i, (a, b) in enumerate(numbers.tolist()):
        whole = np.pad(hwc(given[i]), ((4, 4), (4, 4), (0, 0)), mode, **extra)
        y, x = int(a * 9), int(b * 9)
        assert np.array_equal(hwc(got[i]), whole[y : y + 9, x : x + 12])


def places(windows, whole):
    """Where each window is in an image that shows its place."""
    return Counter(tuple(window[:2, 0, 0].tolist()) for window in windows)


def test_every_place_is_as_likely():
    rows, columns = torch.meshgrid(torch.arange(9), torch.arange(12), indexing='ij')
    whole = torch.stack([rows, columns]).to(torch.uint8)
    got = build('BatchRandomCrop', crop_size=(7, 10))(whole.expand(9000, -1, -1, -1))
    counts = places(got, whole)
    expected = {(y, x): 1000 for y in range(3) for x in range(3)}
    assert set(counts) == set(expected) and chi_square_is_plausible(counts, expected)


@pytest.mark.parametrize('size', [(20, 30), (20, 5), (9, 12)])
@pytest.mark.parametrize('pad', [False, True])
def test_images_smaller_than_the_window(size, pad):
    args = dict(crop_size=size, pad_if_needed=pad, pad_val=9)
    single, crop = build('RandomCrop', **args), build('BatchRandomCrop', **args)
    given = images()
    sample = single(dict(img=hwc(given[0]), rng=random.Random(0)))
    assert crop(given).shape[2:] == sample['img'].shape[:2]
    if pad and size == (20, 30):
        # 9 x 12 with ceil(11 / 2) and ceil(18 / 2) pixels on both sides is 21 x 30.
        expected = np.pad(hwc(given[0]), ((6, 6), (9, 9), (0, 0)), constant_values=9)
        top = crop.apply(given, torch.zeros(6, 2))
        assert np.array_equal(hwc(top[0]), expected[:20])


# flip


@pytest.mark.parametrize('direction', FLIPS)
def test_flips_are_those_of_numpy(direction):
    given = images()
    got = build('BatchRandomFlip', prob=1.0, direction=direction)(given)
    for before, after in zip(given, got, strict=True):
        assert np.array_equal(hwc(after), np.flip(hwc(before), FLIPS[direction]))
    never = build('BatchRandomFlip', prob=0.0, direction=direction)
    assert torch.equal(never(given), given)


def test_flips_given_their_numbers():
    flip = build('BatchRandomFlip', prob=[0.2, 0.3, 0.1], direction=[*FLIPS])
    given = images(10)
    numbers = torch.arange(0.05, 1, 0.1)[:, None]
    drawn = [0] * 2 + [1] * 3 + [2] + [None] * 4
    for before, after, i in zip(given, flip.apply(given, numbers), drawn, strict=True):
        axes = () if i is None else [*FLIPS.values()][i]
        assert np.array_equal(hwc(after), np.flip(hwc(before), axes))


def test_directions_are_drawn_as_often_as_by_the_single_one():
    args = dict(prob=[0.5, 0.125, 0.25], direction=[*FLIPS])
    corners = torch.arange(4, dtype=torch.uint8).view(1, 1, 2, 2)
    got = build('BatchRandomFlip', **args)(corners.expand(4000, -1, -1, -1))
    # The upper left pixel of the result shows the direction.
    expected = {1: 2000, 2: 500, 3: 1000, 0: 500}
    counts = Counter(got[:, 0, 0, 0].tolist())
    assert chi_square_is_plausible(counts, expected)
    single = build('RandomFlip', **args)
    by_single = Counter(
        int(single(dict(img=hwc(corners[0]), rng=random.Random(i)))['img'][0, 0, 0])
        for i in range(4000)
    )
    assert chi_square_is_plausible(by_single, expected)


@pytest.mark.parametrize('direction', FLIPS)
def test_alternating_flips_are_those_of_the_single_one(direction):
    single = build('AlternatingFlip', direction=direction, seed=3)
    batched = single.batched()
    assert isinstance(batched, BatchAlternatingFlip)
    given, indices = images(20), np.arange(20) * 7
    for epoch in range(3):
        numbers = batched.draw(indices, np.zeros(20, np.uint64), epoch)
        got = batched.apply(given, torch.from_numpy(numbers))
        for before, after, index in zip(given, got, indices, strict=True):
            sample = dict(img=hwc(before), sample_idx=int(index), epoch=epoch)
            assert np.array_equal(hwc(after), single(sample)['img'])


def test_choose():
    variants = [images(5) for _ in range(3)]
    chosen = [2, 0, 1, 1, 0]
    got = choose(variants, torch.tensor(chosen))
    assert all(torch.equal(got[i], variants[k][i]) for i, k in enumerate(chosen))


# erase


def rectangle(before, after):
    """Upper and left edge, height and width of what was erased; None if nothing."""
    changed = (before != after).any(0)
    if not changed.any():
        return None
    rows, columns = changed.any(1).nonzero(), changed.any(0).nonzero()
    y, x = int(rows[0]), int(columns[0])
    height, width = int(rows[-1]) + 1 - y, int(columns[-1]) + 1 - x
    assert changed[y : y + height, x : x + width].all()
    assert changed.sum() == height * width
    return y, x, height, width


def erasings_by_hand(numbers, low, high, aspects, height, width):
    """The rectangle of mmpretrain: sides that are too long are cut off."""
    area = (low + numbers[1] * (high - low)) * height * width
    a, b = map(math.log, aspects)
    aspect = math.exp(a + numbers[2] * (b - a))
    h = min(height, round(math.sqrt(area * aspect)))
    w = min(width, round(math.sqrt(area / aspect)))
    return int(numbers[3] * (height - h + 1)), int(numbers[4] * (width - w + 1)), h, w


def test_rectangles_given_their_numbers():
    erase = build('BatchRandomErasing', erase_prob=0.6, fill_color=(255, 254, 253))
    given = images(200, height=20, width=10) // 2
    numbers = torch.rand(200, erase.count)
    got = erase.apply(given, numbers)
    nothing = 0
    for before, after, row in zip(given, got, numbers.double().tolist(), strict=True):
        expected = None
        if row[0] < 0.6:
            expected = erasings_by_hand(row, 0.02, 0.4, (0.3, 1 / 0.3), 20, 10)
        assert rectangle(before, after) == expected
        if expected is None:
            nothing += 1
            continue
        y, x, h, w = expected
        colours = after[:, y : y + h, x : x + w].flatten(1)
        assert colours.unique(dim=1).tolist() == [[255], [254], [253]]
    assert 40 < nothing < 120


def test_rectangles_are_drawn_as_by_the_single_one():
    args = dict(erase_prob=0.8, max_area_ratio=0.5, fill_color=1)
    black = torch.zeros(3000, 1, 12, 9, dtype=torch.uint8)
    got = build('BatchRandomErasing', **args)(black)
    single = build('RandomErasing', **args)
    img = np.zeros((12, 9, 1), np.uint8)
    by_single = np.stack(
        [single(dict(img=img, rng=random.Random(i)))['img'] for i in range(3000)]
    )
    ours, theirs = got[:, 0].double(), torch.from_numpy(by_single[..., 0]).double()
    # Share of erased pixels, of untouched images, and how often each pixel is erased.
    share = ours.mean((1, 2)), theirs.mean((1, 2))
    spread = share[1].std() / math.sqrt(3000)
    assert abs(share[0].mean() - share[1].mean()) < 5 * math.sqrt(2) * spread
    assert abs((share[0] == 0).double().mean() - 0.2) < 5 * math.sqrt(0.16 / 3000)
    assert abs(share[0].std() - share[1].std()) < 0.01
    assert (ours.mean(0) - theirs.mean(0)).abs().max() < 5 * math.sqrt(0.5 / 3000)


def test_noise():
    white = torch.full((400, 3, 8, 8), 255, dtype=torch.uint8)
    area = dict(erase_prob=1.0, min_area_ratio=0.25, max_area_ratio=0.25)
    area |= dict(aspect_range=(1, 1), mode='rand')
    got = build('BatchRandomErasing', **area)(white).double()
    erased = got[got != 255]  # 16 pixels of 400 images; 1 of 256 is white by chance
    assert erased.numel() == pytest.approx(400 * 48 * 255 / 256, rel=0.01)
    assert erased.mean() == pytest.approx(127, abs=3)
    normal = build(
        'BatchRandomErasing', **area, fill_color=(50, 100, 150), fill_std=(1, 5, 9)
    )(white).double()
    for channel, mean, std in zip(
        normal.unbind(1), (50, 100, 150), (1, 5, 9), strict=True
    ):
        values = channel[channel != 255]
        assert values.mean() == pytest.approx(mean - 0.5, abs=1)  # cut off, not rounded
        assert values.std() == pytest.approx(std, rel=0.1)
    grey = build('BatchRandomErasing', **area, fill_std=0.0)(white[:, :1])
    assert set(grey.unique().tolist()) == {128, 255}


def test_images_too_small_to_erase_in():
    tiny = images(4, 3, 1, 1)
    erase = build('BatchRandomErasing', erase_prob=1.0, max_area_ratio=0.05)
    assert torch.equal(erase(tiny), tiny)


# numbers


def test_colours_fill_up_like_those_of_opencv():
    assert colour_like(images(), (1, 2)).flatten().tolist() == [1, 2, 0]
    assert colour_like(images(), 2.6).flatten().tolist() == [3, 3, 3]
    grey = images(channels=1, dtype=torch.float32)
    assert colour_like(grey, (2.5, 3)).flatten().tolist() == [2.5]


def test_scaled_numbers_stay_below_the_limit():
    largest = torch.tensor([1 - 2**-24])
    for limit in (1, 3, 9, 2**24, torch.tensor([7])):
        assert scaled(largest, limit) == limit - 1


def test_numbers_of_seeds_are_even_and_independent():
    numbers = uniforms(np.arange(20000, dtype=np.uint64), 3).astype(float)
    assert abs(numbers.mean() - 0.5) < 5 * math.sqrt(1 / 12 / 60000)
    assert abs(numbers.var() - 1 / 12) < 0.002
    counts = Counter((numbers * 10).astype(int).ravel().tolist())
    assert chi_square_is_plausible(counts, dict.fromkeys(range(10), 6000))
    correlation = np.corrcoef(numbers.T) - np.eye(3)
    assert abs(correlation).max() < 5 / math.sqrt(20000)
    successive = np.corrcoef(numbers[:-1, 0], numbers[1:, 0])[0, 1]
    assert abs(successive) < 5 / math.sqrt(20000)
    assert numbers.max() < 1 and numbers.min() >= 0


@pytest.mark.parametrize(
    ('name', 'args', 'message'),
    [
        ('BatchRandomCrop', dict(crop_size=0), 'crop_size must be one or two positive'),
        (
            'BatchRandomCrop',
            dict(crop_size=4, padding=(1, 2, 3)),
            'padding must be one',
        ),
        ('BatchRandomCrop', dict(crop_size=4, padding_mode='wrap'), 'wrap'),
        ('BatchRandomFlip', dict(prob=1.5), r'lie in \[0, 1\]'),
        ('BatchRandomFlip', dict(prob=0.5, direction='left'), "got 'left'"),
        ('BatchRandomErasing', dict(erase_prob=2), 'erase_prob must lie in'),
    ],
)
def test_wrong_arguments(name, args, message):
    with pytest.raises(ConfigError, match=message):
        build(name, **args)
