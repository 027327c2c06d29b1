from __future__ import annotations

import itertools

import numpy as np
import pytest

from mmlite.errors import ConfigError
from mmlite.registry import TRANSFORMS

IMG = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)
MODES = {
    'constant': dict(constant_values=5),
    'edge': {},
    'reflect': {},
    'symmetric': {},
}


def shift(img=IMG, **kwargs) -> dict:
    return TRANSFORMS.build(dict(type='Shift', **kwargs))(dict(img=img))


@pytest.mark.parametrize('mode', MODES)
def test_every_pixel_comes_from_where_it_is_said_to(mode):
    around = np.pad(IMG, ((3, 3), (3, 3), (0, 0)), mode, **MODES[mode])
    for x, y in itertools.product((-3, -1, 0, 2), repeat=2):
        results = shift(x=x, y=y, pad_val=5, padding_mode=mode)
        expected = around[3 - y : 10 - y, 3 - x : 12 - x]
        np.testing.assert_array_equal(results['img'], expected)


def test_boxes_move_with_the_image():
    step = TRANSFORMS.build(dict(type='Shift', x=2, y=-1))
    sample = dict(img=IMG, gt_bboxes=np.array([[1, 2, 4, 5], [8, 0, 9, 1]]))
    # The second one leaves the image at the upper right.
    assert step(sample)['gt_bboxes'].tolist() == [[3, 1, 6, 4]]
    assert sample['img_shape'] == (7, 9)


def test_no_shift_hands_the_image_through():
    assert shift()['img'] is IMG


def test_unknown_padding():
    with pytest.raises(ConfigError, match='padding_mode'):
        TRANSFORMS.build(dict(type='Shift', padding_mode='wrap'))
