"""A random affine map moves the points of an image to where arithmetic puts them."""

from __future__ import annotations

import random

import numpy as np
import pytest

from mmlite.registry import TRANSFORMS

CENTRE = np.array([50, 40])  # x, y of an image of 101 x 81
STILL = dict(
    max_rotate_degree=0,
    max_translate_ratio=0,
    scaling_ratio_range=(1, 1),
    max_shear_degree=0,
)


def place_of(img):
    """The centre of mass."""
    y, x = np.indices(img.shape)
    return np.array([(x * img).sum(), (y * img).sum()]) / img.sum()


def moved(offset, seed, **changes):
    """Where a soft spot comes to that lies so far off the centre, from there."""
    y, x = np.indices((81, 101))
    away = np.hypot(x - CENTRE[0] - offset[0], y - CENTRE[1] - offset[1])
    spot = np.exp(-(away**2) / 8).astype(np.float32)
    step = TRANSFORMS.build(dict(type='RandomAffine', pad_val=0, **STILL | changes))
    found = step(dict(img=spot, rng=random.Random(seed)))['img']
    return place_of(found) - CENTRE


def draws(seed):
    """What is drawn for the angle, the factor, two shears and two shifts."""
    rng = random.Random(seed)
    return [rng.random() for _ in range(7)][1:]


@pytest.mark.parametrize('seed', range(4))
def test_turns_and_grows_about_the_centre_as_complex_numbers_do(seed):
    angle, factor, *_ = draws(seed)
    turn = 0.5 + factor
    turn *= np.exp(1j * np.deg2rad(30) * (2 * angle - 1))
    expected = turn * complex(12, -9)
    found = moved((12, -9), seed, max_rotate_degree=30, scaling_ratio_range=(0.5, 1.5))
    assert found == pytest.approx([expected.real, expected.imag], abs=0.05)


@pytest.mark.parametrize('seed', range(4))
def test_leans_and_shifts(seed):
    *_, lean_x, lean_y, x, y = 2 * np.array(draws(seed)) - 1
    expected = [
        12 - 9 * np.tan(np.deg2rad(20 * lean_x)) + 0.1 * 101 * x,
        -9 + 12 * np.tan(np.deg2rad(20 * lean_y)) + 0.1 * 81 * y,
    ]
    found = moved((12, -9), seed, max_shear_degree=20, max_translate_ratio=0.1)
    assert found == pytest.approx(expected, abs=0.05)


def test_boxes_move_with_the_image():
    step = TRANSFORMS.build(
        dict(type='RandomAffine', **STILL | dict(scaling_ratio_range=(2, 2)))
    )
    boxes = np.float32([[8, 8, 12, 12]])
    sample = step(dict(img=np.zeros((20, 20, 3), np.uint8), gt_bboxes=boxes))
    assert sample['gt_bboxes'].tolist() == [[6, 6, 14, 14]]


def test_what_comes_in_has_the_given_value():
    white = np.full((9, 9, 3), 255, np.uint8)
    changes = dict(STILL, scaling_ratio_range=(0.5, 0.5), pad_val=(1, 2, 3))
    step = TRANSFORMS.build(dict(type='RandomAffine', **changes))
    found = step(dict(img=white))['img']
    assert found[0, 0].tolist() == [1, 2, 3] and found[4, 4].tolist() == [255] * 3
    never = TRANSFORMS.build(dict(type='RandomAffine', prob=0))
    assert never(dict(img=white))['img'] is white


@pytest.mark.parametrize(
    'wrong',
    [
        dict(max_translate_ratio=2),
        dict(scaling_ratio_range=(0, 1)),
        dict(scaling_ratio_range=(2, 1)),
        dict(max_shear_degree=90),
        dict(max_rotate_degree=-1),
        dict(prob=2),
        dict(interpolation='none'),
    ],
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError):
        TRANSFORMS.build(dict(type='RandomAffine', **wrong))
