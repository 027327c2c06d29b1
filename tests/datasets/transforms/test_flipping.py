from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from mmlite.errors import ConfigError
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
