"""Masks of patches."""

from __future__ import annotations

import random

import numpy as np
import pytest

from mmlite.errors import ConfigError
from mmlite.registry import TRANSFORMS


def draw(times=20, **cfg):
    step = TRANSFORMS.build(cfg)
    return [step(dict(rng=random.Random(i)))['mask'] for i in range(times)]


@pytest.mark.parametrize(('ratio', 'blocks'), [(0.6, 22), (0.5, 18), (0.25, 9)])
def test_simmim_hides_its_share_of_whole_blocks(ratio, blocks):
    masks = draw(type='SimMIMMaskGenerator', input_size=192, mask_ratio=ratio)
    for mask in masks:
        assert mask.shape == (48, 48) and mask.sum() == blocks * 64
        coarse = mask[::8, ::8]
        assert np.array_equal(coarse.repeat(8, 0).repeat(8, 1), mask)
    assert any((mask != masks[0]).any() for mask in masks)
    assert np.mean(masks, axis=0).min() > 0  # every place is hidden now and then


@pytest.mark.parametrize(('grid', 'hidden'), [((14, 14), 75), ((4, 6), 8), ((3, 3), 8)])
def test_beit_hides_exactly_as_many_patches(grid, hidden):
    masks = draw(
        type='BEiTMaskGenerator',
        input_size=grid,
        num_masking_patches=hidden,
        min_num_patches=4,
    )
    for mask in masks:
        assert mask.shape == grid and mask.sum() == hidden
        assert set(np.unique(mask)) <= {0, 1}
    assert any((mask != masks[0]).any() for mask in masks)
    often = np.mean(masks, axis=0)
    assert often[[0, -1]].max(axis=1).min() > 0  # up to every edge
    assert often[:, [0, -1]].max(axis=0).min() > 0


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match='multiple of mask_patch_size'):
        draw(type='SimMIMMaskGenerator', input_size=200)
    with pytest.raises(ConfigError, match='num_masking_patches'):
        draw(type='BEiTMaskGenerator', input_size=2, num_masking_patches=5)


def test_two_pictures_show_the_same_window():
    step = TRANSFORMS.build(
        dict(
            type='RandomResizedCropAndInterpolationWithTwoPic',
            size=32,
            second_size=16,
            interpolation='bicubic',
        )
    )
    rows = np.arange(200)[:, None] + np.zeros((200, 200))
    image = rows[..., None].repeat(3, 2).astype(np.uint8)
    first, second = step(dict(img=image, rng=random.Random(0)))['img']
    halved = first.reshape(16, 2, 16, 2, 3).mean(axis=(1, 3))
    assert np.abs(halved - second).max() <= 2
