"""Geometry and colour give what mmpretrain 1.2.0 gives for the same draws."""

from __future__ import annotations

import json
import math
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from golden.drawn import IMAGES, Exactly, Queued

from mmlite.datasets.transforms.jitter import JITTERS
from mmlite.registry import TRANSFORMS

GOLDEN = json.loads(
    (Path(__file__).parents[2] / 'golden/mmpretrain_pipeline.json').read_text()
)
# Ours draws x before y, and the area before the shape of what is erased.
X_FIRST = ('RandomResizedCrop', 'RandomResizedCropAndInterpolationWithTwoPic')


def numbers(case):
    """What was drawn there, in the order in which ours draws."""
    kind = case['cfg']['type']
    given = list(case.get('draws', ()))
    whole = [i for i, draw in enumerate(given) if draw[0] == 'randint']
    if kind in X_FIRST and len(whole) == 2:
        first, second = whole
        given[first], given[second] = given[second], given[first]
    if kind == 'RandomErasing' and len(given) > 1:
        i = [draw[0] for draw in given].index('uniform')
        given[i : i + 2] = given[i + 1], given[i]
    if kind == 'RandomErasing' and len(whole) == 1:  # as high as the image
        given.insert(whole[0], ['randint', [0, 1], 0])
    return [number_of(*draw) for draw in given]


def number_of(function, arguments, value):
    if function == 'randint':
        return Exactly(value)
    if function == 'choice':  # of directions, each with its probability
        place = arguments[0].index(value)
        shares = arguments[1]['p']
        return sum(shares[:place]) + shares[place] / 2
    return value


class Jitters(Queued):
    """The order of four changes, of which some are left out, and their factors."""

    def __init__(self, draws, backend):
        (_, _, self.order), *values = draws
        self.changes = JITTERS[backend]
        super().__init__([value for _, _, value in values])

    def sample(self, steps, count):
        places = [self.changes.index(step) for step, _ in steps]
        factors = dict(zip(places, self.queue, strict=True))
        drawn = [place for place in self.order if place in factors]
        self.queue = [factors[place] for place in drawn]
        return [steps[places.index(place)] for place in drawn]


def cases():
    for kind, rows in GOLDEN['transforms'].items():
        for place, case in enumerate(rows):
            yield pytest.param(case, id=f'{kind}-{place}')


@pytest.mark.parametrize('case', list(cases()))
def test_transforms(case):
    cfg = case['cfg']
    rng = Queued(numbers(case)) if cfg['type'] != 'ColorJitter' else None
    rng = rng or Jitters(case['draws'], cfg['backend'])
    if cfg['type'] == 'RandomGrayscale':
        rng = Queued([0.0])
    before = IMAGES[case['input']].copy()
    result = TRANSFORMS.build(cfg)(dict(img=before, rng=rng))
    images = result['img'] if isinstance(result['img'], list) else [result['img']]
    for image, expected in zip(images, case['outputs'], strict=True):
        assert_image(image, expected)
    np.testing.assert_array_equal(before, IMAGES[case['input']])
    for key, value in case.get('keys', {}).items():
        if key in result:
            found = result[key]
            same = found == (tuple(value) if isinstance(value, list) else value)
            assert same or found == pytest.approx(value), key


def assert_image(image, expected):
    assert list(image.shape) == expected['shape']
    if 'crc32' in expected:
        assert zlib.crc32(np.ascontiguousarray(image)) == expected['crc32']
        return
    probe = image.ravel()[expected['probe_index']]
    np.testing.assert_allclose(probe, expected['probe'], rtol=1e-5, atol=1e-6)
    assert image.mean() == pytest.approx(expected['mean'], rel=1e-4)
    assert image.std() == pytest.approx(expected['std'], rel=1e-4)


@pytest.mark.parametrize('case', GOLDEN['boxes']['RandomResizedCrop'], ids=str)
def test_windows_that_are_resized(case):
    step = TRANSFORMS.build(case['cfg'])
    rng = Queued(numbers(case))
    x, y, width, height = step._window(dict(img=IMAGES[case['input']], rng=rng))
    assert [y, x, height, width] == case['box']


@pytest.mark.parametrize('case', GOLDEN['boxes']['RandomErasing'], ids=str)
def test_rectangles_that_are_erased(case):
    step = TRANSFORMS.build(dict(case['cfg'], fill_color=0))
    top, left, height, width = case['box']
    area, shape = (draw[2] for draw in case['draws'][1::-1])
    rng = Queued([0.0, area, shape, Exactly(top), Exactly(left)])
    image = np.full_like(IMAGES[case['input']], 9)
    erased = step(dict(img=image, rng=rng))['img'] == 0
    image[top : top + height, left : left + width] = 0
    np.testing.assert_array_equal(erased, image == 0)


@pytest.mark.parametrize('case', GOLDEN['boxes']['MAERandomResizedCrop'], ids=str)
def test_windows_of_mae(case):
    """The peer draws from torch's generator."""
    top, left, height, width = case['box']
    torch.manual_seed(case['seed'])
    uniform = [
        torch.empty(1).uniform_(*span).item()
        for span in (case['cfg']['scale'], map(math.log, case['cfg']['ratio']))
    ]
    rng = Queued([*uniform, Exactly(top), Exactly(left)])
    found = TRANSFORMS.build(case['cfg'])._window(
        dict(img=IMAGES[case['input']], rng=rng)
    )
    assert found == (left, top, width, height)


def test_a_picture_of_pil_stays_one():
    image = pytest.importorskip('PIL.Image').fromarray(IMAGES['a'])
    cfg = dict(type='MAERandomResizedCrop', size=(9, 8))
    draws = [0.4, 0.0, 0.1, 0.2]
    by_number = TRANSFORMS.build(dict(cfg, interpolation=3))
    cropped = by_number(dict(img=image, rng=Queued(draws)))['img']
    by_name = TRANSFORMS.build(dict(cfg, interpolation='bicubic'))
    array = by_name(dict(img=IMAGES['a'], rng=Queued(draws)))['img']
    assert cropped.size == (8, 9)
    np.testing.assert_array_equal(np.asarray(cropped), array)


@pytest.mark.parametrize('given', GOLDEN['ranges'])
def test_ranges_of_jitters(given):
    jitter = TRANSFORMS.build(dict(json.loads(given), type='ColorJitter'))
    names = ('brightness', 'contrast', 'saturation', 'hue')
    for name, expected in zip(names, GOLDEN['ranges'][given], strict=True):
        span = getattr(jitter, name)
        assert span == (expected and pytest.approx(tuple(expected)))


class Blocks(Queued):
    """The first of the blocks in the order that was drawn."""

    def sample(self, places, count):
        return self.queue[:count]


@pytest.mark.parametrize('case', GOLDEN['masks'], ids=lambda c: c['cfg']['type'])
def test_masks(case):
    drawn = case['draws']
    permuted = drawn[0][2]
    rng = Queued([number_of(*draw) for draw in drawn])
    rng = Blocks(permuted) if drawn[0][0] == 'permutation' else rng
    mask = TRANSFORMS.build(case['cfg'])(dict(rng=rng))['mask']
    assert mask.tolist() == case['mask']
