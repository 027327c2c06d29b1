"""Noise has the spread that it is asked for, and stays within the range of pixels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmlite.registry import TRANSFORMS


def noisy(value, dtype=np.uint8, **changes):
    step = TRANSFORMS.build(dict(type='GaussianNoise', **changes))
    return step(dict(img=np.full((128, 128, 3), value, dtype)))['img']


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_moments_are_those_of_the_normal_distribution(dtype):
    found = noisy(128, dtype, sigma=0.1)
    assert found.dtype == dtype
    # 49,152 draws of deviation 25.5: that of their mean is 0.12, of the other 0.08.
    assert found.mean() == pytest.approx(128, abs=0.6)
    assert found.std() == pytest.approx(25.5, abs=0.4)


def test_black_stays_black_or_grows_brighter():
    found = noisy(0, np.float32, sigma=0.1)
    assert found.min() == 0
    # The mean of what is left of a normal distribution above 0.
    assert found.mean() == pytest.approx(25.5 / math.sqrt(2 * math.pi), abs=0.4)
    assert noisy(255, sigma=0.1).max() == 255


def test_none_happens_without_a_deviation_or_by_chance():
    assert (noisy(7, sigma=0) == 7).all() and (noisy(7, prob=0) == 7).all()


def test_numbers_out_of_range_are_refused():
    for wrong in (dict(sigma=-1), dict(prob=1.5)):
        with pytest.raises(ValueError):
            TRANSFORMS.build(dict(type='GaussianNoise', **wrong))
