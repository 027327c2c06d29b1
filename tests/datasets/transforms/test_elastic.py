"""An elastic distortion moves pixels smoothly, and as far as it says."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest

from mmlite.errors import DataError
from mmlite.registry import TRANSFORMS


def distort(img, seed=0, **changes):
    step = TRANSFORMS.build(dict(type='ElasticDistortion', **changes))
    return step(dict(img=img, rng=random.Random(seed)))['img']


def test_pixels_are_read_where_the_grid_says():
    """By a loop: bilinear reading between the four neighbours, black outside."""
    img = np.random.default_rng(0).integers(0, 256, (8, 12), np.uint8)
    found = distort(img, seed=5, std=0.1, grid=3)
    rng = random.Random(5)
    rng.random()  # whether it happens
    shifts = np.float32([rng.gauss(0, 0.1) for _ in range(18)]).reshape(3, 3, 2)
    shifts = cv2.resize(shifts, (12, 8), interpolation=cv2.INTER_CUBIC)
    padded = np.pad(img.astype(float), 20)
    for y in range(8):
        for x in range(12):
            at_x, at_y = x + 12 * shifts[y, x, 0] + 20, y + 8 * shifts[y, x, 1] + 20
            left, top = int(at_x), int(at_y)
            right, down = at_x - left, at_y - top
            rows = padded[top : top + 2, left : left + 2]
            value = [1 - down, down] @ rows @ [1 - right, right]
            # OpenCV reads at places that are multiples of 1/32.
            assert abs(found[y, x] - value) <= 255 / 16


def test_none_happens_without_a_shift_or_by_chance():
    img = np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)
    assert (distort(img, std=0.0) == img).all()
    assert (distort(img, prob=0.0) == img).all()
    assert (distort(img) != img).any()


def test_what_comes_in_has_the_given_value():
    white = np.full((8, 8), 255, np.uint8)
    assert distort(white, std=0.3).min() < 255
    assert (distort(white, std=0.3, pad_val=255) == 255).all()


def test_what_cannot_follow_or_makes_no_sense_is_refused():
    step = TRANSFORMS.build(dict(type='ElasticDistortion'))
    boxes = np.zeros((1, 4), np.float32)
    sample = dict(img=np.zeros((8, 8, 3), np.uint8), gt_bboxes=boxes)
    with pytest.raises(DataError, match='ElasticDistortion moves images .* gt_bboxes'):
        step(sample)
    for wrong in (dict(std=-1), dict(grid=1), dict(prob=2)):
        with pytest.raises(ValueError):
            TRANSFORMS.build(dict(type='ElasticDistortion', **wrong))
