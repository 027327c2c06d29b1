"""Relative positions: indices, tables and their interpolation."""

import numpy as np
import pytest
import torch
from torch import nn

from mmlite.models.layers import (
    BEiTAttention,
    RelativePositionBias,
    WindowMSA,
    relative_position_index,
    resize_relative_position_bias_table,
)


@pytest.mark.parametrize('window', [(1, 1), (2, 3), (4, 2)])
def test_the_index_is_that_of_a_loop_over_offsets(window):
    rows, columns = window
    index = relative_position_index(window)
    places = [(y, x) for y in range(rows) for x in range(columns)]
    for i, (y, x) in enumerate(places):
        for j, (v, u) in enumerate(places):
            expected = (y - v + rows - 1) * (2 * columns - 1) + (x - u + columns - 1)
            assert index[i, j] == expected


def test_a_class_token_has_the_last_three_entries():
    index = relative_position_index((2, 2), with_cls_token=True)
    assert index[1:, 1:].equal(relative_position_index((2, 2)))
    assert index[0].tolist() == [11, 9, 9, 9, 9]
    assert index[:, 0].tolist() == [11, 10, 10, 10, 10]


def test_a_spline_through_a_plane_is_the_plane():
    # Known offsets are +-1 and +-(1 + q); a plane over them is met exactly.
    size, wanted = 5, 9
    low, high = 1.01, 1.5
    while high - low > 1e-6:
        ratio = (low + high) / 2
        low, high = (low, ratio) if 1 + ratio > wanted // 2 else (ratio, high)
    reach = 1 + ratio
    known = torch.tensor([-reach, -1, 0, 1, reach], dtype=torch.float64)
    plane = 2 * known[:, None] - 3 * known[None, :] + 0.5
    got = resize_relative_position_bias_table(plane.reshape(-1, 1), size, wanted)
    places = torch.arange(-4.0, 5.0, dtype=torch.float64).clamp(-reach, reach)
    expected = 2 * places[:, None] - 3 * places[None, :] + 0.5
    torch.testing.assert_close(got.view(wanted, wanted), expected, rtol=1e-9, atol=1e-9)


def test_a_table_keeps_its_known_offsets():
    rng = np.random.default_rng(0)
    table = torch.from_numpy(rng.standard_normal((25, 2)))
    got = resize_relative_position_bias_table(table, 5, 9).view(9, 9, 2)
    old = table.view(5, 5, 2)
    torch.testing.assert_close(got[3:6, 3:6], old[1:4, 1:4])


@pytest.mark.parametrize('with_cls_token', [False, True])
def test_a_table_of_another_window_is_interpolated_when_loaded(with_cls_token):
    def layer(side: int) -> nn.Module:
        if with_cls_token:
            return BEiTAttention(8, 2, (side, side), use_rel_pos_bias=True)
        return WindowMSA(8, (side, side), 2)

    small, large = layer(3), layer(5)
    nn.init.normal_(small.relative_position_bias_table)
    large.load_state_dict(small.state_dict())
    extra = 3 if with_cls_token else 0
    old = small.relative_position_bias_table
    new = large.relative_position_bias_table
    assert len(new) == 81 + extra
    grid = resize_relative_position_bias_table(old[:25], 5, 9)
    torch.testing.assert_close(new[:81], grid)
    assert new[81:].equal(old[25:])
    assert large.relative_position_index.equal(layer(5).relative_position_index)


def test_the_bias_of_another_grid_has_its_size():
    bias = RelativePositionBias((3, 3), num_heads=2)
    nn.init.constant_(bias.relative_position_bias_table, 0.7)
    assert bias((4, 5)).shape == (2, 21, 21)
    torch.testing.assert_close(bias((4, 5)), torch.full((2, 21, 21), 0.7))
