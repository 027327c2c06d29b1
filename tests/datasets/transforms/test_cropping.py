from __future__ import annotations

import math
import random

import numpy as np
import pytest

from mmlite.errors import ConfigError
from mmlite.registry import TRANSFORMS

IMG = np.random.RandomState(0).randint(0, 256, (9, 12, 3), dtype=np.uint8)


def build(name: str, **kwargs):
    return TRANSFORMS.build(dict(type=name, **kwargs))


def sample(img: np.ndarray = IMG, seed: int = 0) -> dict:
    return dict(img=img, rng=random.Random(seed))


def places_of(window: np.ndarray, whole: np.ndarray) -> list[tuple[int, int]]:
    """Where a window is found in an image."""
    height, width = window.shape[:2]
    return [
        (x, y)
        for y in range(whole.shape[0] - height + 1)
        for x in range(whole.shape[1] - width + 1)
        if np.array_equal(whole[y : y + height, x : x + width], window)
    ]


def test_every_place_is_as_likely() -> None:
    crop = build('RandomCrop', crop_size=(8, 10))
    counts: dict = {}
    for seed in range(1200):
        (place,) = places_of(crop(sample(seed=seed))['img'], IMG)
        counts[place] = counts.get(place, 0) + 1
    assert set(counts) == {(x, y) for x in range(3) for y in range(2)}
    assert all(abs(count - 200) < 5 * 13 for count in counts.values())  # sd = 12.9


@pytest.mark.parametrize(
    ('padding', 'around'),
    [(4, (4, 4, 4, 4)), ((1, 2), (1, 2, 1, 2)), ((1, 2, 3, 4), (1, 2, 3, 4))],
)
@pytest.mark.parametrize('mode', ['constant', 'edge', 'reflect', 'symmetric'])
def test_the_padded_image_is_cropped(padding, around, mode) -> None:
    left, top, right, bottom = around
    extra = dict(constant_values=5) if mode == 'constant' else {}
    borders = ((top, bottom), (left, right), (0, 0))
    whole = np.pad(IMG, borders, mode, **extra)
    crop = build(
        'RandomCrop', crop_size=9, padding=padding, pad_val=5, padding_mode=mode
    )
    for seed in range(20):
        results = crop(sample(seed=seed))
        assert results['img_shape'] == (9, 9)
        assert places_of(results['img'], whole)


def test_an_image_smaller_than_the_window() -> None:
    results = build('RandomCrop', crop_size=(20, 5))(sample())
    assert results['img'].shape == (9, 5, 3)
    results = build('RandomCrop', crop_size=(20, 15), pad_if_needed=True)(sample())
    assert results['img'].shape == (20, 15, 3)
    assert places_of(IMG, results['img'])
    one = build('RandomCrop', crop_size=4, padding=2, padding_mode='reflect')
    assert one(sample(np.uint8([[7]])))['img'].tolist() == [[7] * 4] * 4


def test_the_source_is_not_written_to() -> None:
    before = IMG.copy()
    for name, kwargs in (
        ('RandomCrop', dict(crop_size=5, padding=4)),
        ('RandomResizedCrop', dict(scale=5)),
        ('RandomErasing', dict(erase_prob=1.0)),
        ('ColorJitter', dict(brightness=0.5, contrast=0.5, saturation=0.5, hue=0.5)),
        ('RandomFlip', dict(prob=1.0)),
    ):
        build(name, **kwargs)(sample())
        np.testing.assert_array_equal(IMG, before)


def test_resized_crops_have_the_area_and_shape_asked_for() -> None:
    crop = build(
        'RandomResizedCrop', scale=8, crop_ratio_range=(0.1, 0.4), max_attempts=100
    )
    image = np.zeros((400, 500), np.uint8)
    windows = [crop._window(sample(image, seed)) for seed in range(2000)]
    areas = np.array([w.width * w.height for w in windows]) / image.size
    aspects = np.array([math.log(w.width / w.height) for w in windows])
    assert areas.min() > 0.098 and areas.max() < 0.402
    # Even between the bounds: mean in the middle, deviation (max - min) / sqrt(12).
    assert abs(areas.mean() - 0.25) < 5 * 0.3 / math.sqrt(12 * 2000)
    limit = math.log(4 / 3)
    assert abs(aspects).max() < limit + 0.02
    assert abs(aspects.mean()) < 5 * 2 * limit / math.sqrt(12 * 2000)
    assert abs(aspects.std() - 2 * limit / math.sqrt(12)) < 0.01
    for window in windows:
        assert 0 <= window.x <= 500 - window.width
        assert 0 <= window.y <= 400 - window.height


def test_a_resized_crop_is_the_window_resized() -> None:
    gradient = np.add.outer(np.arange(60), np.arange(80)).astype(np.float32)
    crop = build('RandomResizedCrop', scale=(30, 20))
    window = crop._window(sample(gradient, 3))
    results = crop(sample(gradient, 3))
    assert results['img'].shape == (30, 20) == results['img_shape']
    x = window.x + (np.arange(20) + 0.5) * window.width / 20 - 0.5
    y = window.y + (np.arange(30) + 0.5) * window.height / 30 - 0.5
    expected = np.add.outer(y, x)[2:-2, 2:-2]
    np.testing.assert_allclose(results['img'][2:-2, 2:-2], expected, atol=0.1)


@pytest.mark.parametrize(
    ('size', 'window'),
    [((90, 30), (0, 25, 30, 40)), ((30, 90), (25, 0, 40, 30)), ((1, 1), (0, 0, 1, 1))],
)
def test_where_nothing_fits_the_centre_is_taken(size, window) -> None:
    crop = build('RandomResizedCrop', scale=8, max_attempts=0)
    assert crop._window(sample(np.zeros(size, np.uint8))) == window


@pytest.mark.parametrize('size', [(1, 1), (1, 9), (7, 1), (3, 200)])
@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
def test_odd_sizes(size: tuple, backend: str) -> None:
    image = np.zeros((*size, 3), np.uint8)
    crop = build('RandomResizedCrop', scale=8, backend=backend)
    for seed in range(10):
        assert crop(sample(image, seed))['img'].shape == (8, 8, 3)


def test_centre_crop() -> None:
    results = build('CenterCrop', crop_size=(4, 3))(sample())
    np.testing.assert_array_equal(results['img'], IMG[3:6, 4:8])
    small = build('CenterCrop', crop_size=20)(sample())
    np.testing.assert_array_equal(small['img'], IMG)
    padded = build(
        'CenterCrop',
        crop_size=(12, 20),
        auto_pad=True,
        pad_cfg=dict(type='Pad', pad_val=7),
    )(sample())
    np.testing.assert_array_equal(padded['img'][:9], IMG)
    assert (padded['img'][9:] == 7).all() and padded['img'].shape == (20, 12, 3)


@pytest.mark.parametrize(
    ('name', 'kwargs', 'message'),
    [
        ('RandomCrop', dict(crop_size=0), 'crop_size'),
        (
            'RandomCrop',
            dict(crop_size=4, padding=[1, 2, 3]),
            'padding must be one number',
        ),
        ('RandomCrop', dict(crop_size=4, padding_mode='mirror'), 'padding_mode'),
        ('RandomResizedCrop', dict(scale=4, crop_ratio_range=(1, 0.5)), 'crop_ratio'),
        ('RandomResizedCrop', dict(scale=4, interpolation='cubic'), 'interpolation'),
        ('RandomResizedCrop', dict(scale=4, interpolation='box'), "'box'"),
        ('RandomResizedCrop', dict(scale=4, backend='pil'), 'backend'),
        ('CenterCrop', dict(crop_size=(1, 2, 3)), 'crop_size'),
    ],
)
def test_mistakes(name: str, kwargs: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(name, **kwargs)
