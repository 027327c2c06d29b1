from __future__ import annotations

import math
import random

import numpy as np
import pytest

from mmlite.errors import ConfigError
from mmlite.registry import TRANSFORMS


def erase(seed: int, shape: tuple = (100, 120, 3), **kwargs) -> np.ndarray:
    transform = TRANSFORMS.build(dict(type='RandomErasing', **kwargs))
    image = np.full(shape, 7, np.uint8)
    return transform(dict(img=image, rng=random.Random(seed)))['img']


def rectangle(erased: np.ndarray) -> tuple[int, int]:
    rows, columns = np.nonzero(erased)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert erased.sum() == height * width, 'it is no rectangle'
    return height, width


def test_area_and_shape() -> None:
    sizes = [
        rectangle((erase(seed, erase_prob=1.0) != 7).all(-1)) for seed in range(400)
    ]
    areas = np.array([height * width for height, width in sizes]) / 12000
    aspects = np.array([math.log(height / width) for height, width in sizes])
    assert 0.015 < areas.min() and areas.max() < 0.41
    assert abs(aspects).max() < math.log(10 / 3) + 0.1
    assert areas.std() > 0.08 and aspects.std() > 0.5


def test_how_often() -> None:
    count = sum((erase(seed, erase_prob=0.3) != 7).any() for seed in range(1000))
    assert abs(count - 300) < 5 * 14.5  # binomial


def test_colour() -> None:
    out = erase(0, erase_prob=1.0, fill_color=(1, 2, 3))
    assert np.unique(out.reshape(-1, 3), axis=0).tolist() == [[1, 2, 3], [7, 7, 7]]
    grey = erase(0, shape=(100, 120), erase_prob=1.0, fill_color=9)
    assert set(np.unique(grey)) == {7, 9}


def test_noise() -> None:
    args = dict(erase_prob=1.0, mode='rand', min_area_ratio=0.3)
    even = [v for seed in range(10) for v in erase(seed, **args)[..., 0].ravel()]
    even = np.array(even)[np.array(even) != 7]
    assert even.min() < 5 and even.max() > 250 and abs(even.mean() - 128) < 3
    args.update(fill_color=(50, 100, 150), fill_std=(1, 2, 3))
    out = erase(0, **args)
    noise = out[(out != 7).any(-1)].astype(float)
    assert abs(noise.mean(0) - [49.5, 99.5, 149.5]).max() < 1
    assert abs(noise.std(0) - [1, 2, 3]).max() < 0.2


def test_the_same_seed_erases_alike() -> None:
    args = dict(erase_prob=1.0, mode='rand')
    np.testing.assert_array_equal(erase(5, **args), erase(5, **args))


@pytest.mark.parametrize('shape', [(1, 1, 3), (1, 50, 3), (2, 2)])
def test_tiny_images_survive(shape: tuple) -> None:
    for seed in range(10):
        assert erase(seed, shape, erase_prob=1.0).shape == shape


@pytest.mark.parametrize(
    'kwargs',
    [
        dict(erase_prob=2.0),
        dict(min_area_ratio=0.5),
        dict(aspect_range=(2.0, 1.0)),
        dict(mode='noise'),
    ],
)
def test_mistakes(kwargs: dict) -> None:
    with pytest.raises(ConfigError):
        erase(0, **kwargs)
