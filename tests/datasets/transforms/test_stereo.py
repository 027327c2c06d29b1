"""Steps for pairs, with what they draw fixed."""

import random

import numpy as np
import pytest

from mmlite.errors import ConfigError
from mmlite.registry import TRANSFORMS


def scaled(disparity, power, sparse):
    height, width = disparity.shape
    step = TRANSFORMS.build(
        dict(type='RandomStereoScale', scale_range=(power, power), sparse=sparse)
    )
    view = np.zeros((height, width, 3), np.uint8)
    return step(dict(ref_img=view, tgt_img=view, gt_disparity=disparity))


def test_a_sparse_pixel_stays_one_pixel():
    found = scaled(np.float32([[0, 5, 0, 0]]), 1, True)['gt_disparity']
    assert found[found > 0].tolist() == [10]


def test_dense_disparities_are_repeated():
    found = scaled(np.float32([[1, 2]]), 1, False)['gt_disparity']
    assert found.tolist() == [[2, 2, 4, 4]] * 2


def test_the_first_row_and_column_stay():
    sparse = np.zeros((4, 4), np.float32)
    sparse[0, 2] = sparse[2, 0] = 3
    found = scaled(sparse, 1, True)['gt_disparity']
    assert found[0, 4] == 6 and found[4, 0] == 6 and (found > 0).sum() == 2


def test_of_two_neighbours_one_real_value_stays():
    found = scaled(np.float32([[2, 8, 0, 0], [0] * 4]), -1, True)['gt_disparity']
    assert found.tolist() == [[4, 0]]


def test_disparities_grow_with_the_real_ratio():
    found = scaled(np.float32([[4, 4, 4]]), 0.2, False)  # 3 * 1.149 is 3 px
    assert found['ref_img'].shape[1] == 3
    assert found['gt_disparity'].tolist() == [[4, 4, 4]]


def test_a_crop_fits_into_what_is_left():
    step = TRANSFORMS.build(
        dict(type='RandomStereoScale', scale_range=(-3, -3), min_size=(20, 30))
    )
    view = np.zeros((40, 60), np.uint8)
    assert step(dict(ref_img=view, tgt_img=view))['tgt_img'].shape == (20, 30)


def test_one_view_moves_up_or_down():
    rows = np.arange(5, dtype=np.uint8)[:, None]
    step = TRANSFORMS.build(dict(type='ShiftView', max_shift=1, prob=1.0))
    seen = set()
    for seed in range(20):
        pair = dict(ref_img=rows, tgt_img=rows, rng=random.Random(seed))
        found = step(pair)
        assert found['ref_img'] is rows
        seen.add(tuple(found['tgt_img'][:, 0]))
    assert seen == {(0, 1, 2, 3, 4), (0, 0, 1, 2, 3), (1, 2, 3, 4, 4)}


def test_rectangles_of_the_right_view_have_its_mean_colour():
    view = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    step = TRANSFORMS.build(
        dict(type='ViewErasing', prob=1.0, max_boxes=1, bounds=(10, 10))
    )
    found = step(dict(ref_img=view, tgt_img=view, rng=random.Random(0)))
    changed = (found['tgt_img'] != view).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert np.ptp(rows) == np.ptp(columns) == 9
    colour = view.mean(axis=(0, 1)).round()
    assert (found['tgt_img'][changed] == colour).all()
    assert found['ref_img'] is view


def test_wrong_settings_are_refused():
    with pytest.raises(ConfigError, match='max_boxes must be at least 1'):
        TRANSFORMS.build(dict(type='ViewErasing', max_boxes=0))
    with pytest.raises(ConfigError, match='max_shift must be at least 1'):
        TRANSFORMS.build(dict(type='ShiftView', max_shift=0))
