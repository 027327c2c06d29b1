from __future__ import annotations

import colorsys
import math
import random

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from mmlite.errors import ConfigError, DataError
from mmlite.registry import MODELS, TRANSFORMS

BGR = np.random.RandomState(0).randint(0, 256, (16, 20, 3), dtype=np.uint8)


def jitter(img: np.ndarray = BGR, seed: int = 0, **kwargs) -> np.ndarray:
    transform = TRANSFORMS.build(dict(type='ColorJitter', **kwargs))
    out = transform(dict(img=img, rng=random.Random(seed)))['img']
    assert out.shape == img.shape and out.dtype == img.dtype
    return out


@pytest.mark.parametrize(
    ('name', 'enhance'),
    [
        ('brightness', ImageEnhance.Brightness),
        ('contrast', ImageEnhance.Contrast),
        ('saturation', ImageEnhance.Color),
    ],
)
@pytest.mark.parametrize('factor', [0.0, 0.3, 1.7, 3.0])
def test_the_formula_is_pillows(name: str, enhance: type, factor: float) -> None:
    picture = Image.fromarray(np.ascontiguousarray(BGR[..., ::-1]))
    expected = np.asarray(enhance(picture).enhance(factor))[..., ::-1]
    np.testing.assert_array_equal(jitter(**{name: (factor, factor)}), expected)


@pytest.mark.parametrize('turn', [-0.5, -0.1, 0.25, 0.5])
def test_the_hue_is_turned(turn: float) -> None:
    ours = jitter(hue=(turn, turn))
    for before, after in zip(BGR.reshape(-1, 3), ours.reshape(-1, 3), strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*before[::-1] / 255)
        expected = colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value)
        # A step of the 8-bit colour wheel is 6 / 255 of a channel's range; fractions
        # of the hue, the turn and the saturation are cut off.
        assert abs(after[::-1] / 255 - expected).max() < 0.075


def test_factors_are_drawn_from_their_range_in_any_order() -> None:
    flat = np.full((1, 1, 3), 100, np.uint8)
    values = [int(jitter(flat, seed, brightness=0.4)[0, 0, 0]) for seed in range(500)]
    assert 60 <= min(values) < 65 and 135 < max(values) <= 140
    assert abs(np.mean(values) - 100) < 5 * 80 / 12**0.5 / 500**0.5
    both = dict(brightness=(2, 2), contrast=(0.5, 0.5))
    assert len({jitter(BGR, seed, **both).tobytes() for seed in range(20)}) == 2


def test_nothing_asked_for_changes_nothing() -> None:
    np.testing.assert_array_equal(jitter(), BGR)


@pytest.mark.parametrize('shape', [(4, 5), (4, 5, 1), (1, 1, 3)])
def test_grey_and_tiny_images(shape: tuple) -> None:
    img = np.full(shape, 50, np.uint8)
    jitter(img, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4)


def test_jitter_mistakes() -> None:
    for kwargs in (dict(hue=(0.2, 0.7)), dict(brightness=-1.0), dict(contrast=(2, 1))):
        with pytest.raises(ConfigError):
            TRANSFORMS.build(dict(type='ColorJitter', **kwargs))
    with pytest.raises(DataError, match='uint8'):
        jitter(BGR.astype(np.float32), brightness=0.5)


def test_grey_is_the_weighted_mean() -> None:
    cfg = dict(type='RandomGrayscale', prob=1.0, channel_weights=(1, 2, 5))
    expected = (BGR @ np.array([1, 2, 5])) // 8
    out = TRANSFORMS.build(cfg)(dict(img=BGR))['img']
    assert out.shape == (16, 20) and out.dtype == np.uint8
    np.testing.assert_array_equal(out, expected)
    kept = TRANSFORMS.build(dict(cfg, keep_channels=True))(dict(img=BGR))['img']
    np.testing.assert_array_equal(kept, np.dstack([out] * 3))
    never = TRANSFORMS.build(dict(cfg, prob=0.0))
    assert never(dict(img=BGR))['img'] is BGR


def test_normalise() -> None:
    mean, std = [1.0, 2.0, 3.0], [2.0, 4.0, 8.0]
    cfg = dict(type='Normalize', mean=mean, std=std)
    rgb = TRANSFORMS.build(cfg)(dict(img=BGR))['img']
    assert rgb.dtype == np.float32
    np.testing.assert_allclose(rgb, (BGR[..., ::-1] - mean) / std, rtol=1e-5)
    kept = TRANSFORMS.build(dict(cfg, to_rgb=False))(dict(img=BGR))['img']
    np.testing.assert_allclose(kept, (BGR - mean) / std, rtol=1e-5)
    with pytest.raises(ConfigError, match='std holds finite numbers above 0'):
        TRANSFORMS.build(dict(cfg, std=[1.0, 0.0, 1.0]))


@pytest.mark.parametrize(
    ('mean', 'std', 'said'),
    [
        ([0, 0], [1], 'one value per channel'),
        ([], [], 'one value per channel'),
        ([math.inf], [1], 'mean holds finite numbers'),
        ([math.nan], [1], 'mean holds finite numbers'),
        *(([0], [s], 'std holds finite') for s in (0, -1, math.nan, math.inf, 1e-50)),
    ],
)
def test_no_image_can_be_normalised_so(mean, std, said):
    for kind in ('Normalize', 'ClsDataPreprocessor', 'TwoNormDataPreprocessor'):
        cfg = dict(type=kind, mean=mean, std=std)
        if kind.startswith('Two'):
            cfg = dict(cfg, mean=[0], std=[1], second_mean=mean, second_std=std)
        registry = TRANSFORMS if kind == 'Normalize' else MODELS
        with pytest.raises(ConfigError, match=said):
            registry.build(cfg)
